import { join } from "node:path";
import { installLanguageHost } from "./languageHost";
import { cacheDirectory } from "./paths";
import type { Progress } from "./progress";
import { installStandInPlugin } from "./provider/install";
import { findKubernetesPlugin } from "./toolchain/pulumiPlugin";
import { ensureToolchain } from "./toolchain/toolchain";
import { pulumiHome } from "./workspace";

/** What a shell needs on its PATH in order to run the engine against a cluster. */
export interface Engine {
  /** Folders, the most important first. */
  readonly path: readonly string[];
}

/**
 * Makes the engine ready: its command line, its Node language host, and a Kubernetes plugin: the genuine one where it can
 * be found or installed, else the stand-in, which is said.
 *
 * @param directory - the workspace's folder: a plugin that has to be installed, and launchers, go there
 */
export async function ensureEngine(directory: string, progress: Progress): Promise<Engine> {
  const toolchain = await ensureToolchain(progress, [
    "pulumi",
    "pulumi-language-nodejs",
    "kubectl",
  ]);
  const launchers = join(directory, "bin");
  const host = toolchain.bin("pulumi-language-nodejs");
  // Only the host that we had to build needs the launcher; the one of a released engine refuses its flags.
  if (host.startsWith(cacheDirectory())) installLanguageHost(launchers, host);

  const plugin = await findKubernetesPlugin(toolchain, pulumiHome(directory));
  if (plugin.genuine) return { path: [launchers, plugin.directory, ...toolchain.directories] };
  await installStandInPlugin(launchers);
  progress.line(
    `the genuine Kubernetes plugin can be neither found nor installed (${plugin.why}); its offline stand-in takes its place`,
  );
  return { path: [launchers, ...toolchain.directories] };
}

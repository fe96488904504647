import { join } from "node:path";
import { installStandInPlugin } from "./provider/install";
import { type Progress } from "./progress";
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
 * @param directory - the workspace's folder: a plugin that has to be installed, or the stand-in's launcher, goes there
 */
export async function ensureEngine(directory: string, progress: Progress): Promise<Engine> {
  const toolchain = await ensureToolchain(progress, [
    "pulumi",
    "pulumi-language-nodejs",
    "kubectl",
  ]);
  const plugin = await findKubernetesPlugin(toolchain, pulumiHome(directory));
  if (plugin.genuine) return { path: [plugin.directory, ...toolchain.directories] };
  const launchers = join(directory, "bin");
  await installStandInPlugin(launchers);
  progress.line(
    `the genuine Kubernetes plugin can be neither found nor installed (${plugin.why}); its offline stand-in takes its place`,
  );
  return { path: [launchers, ...toolchain.directories] };
}

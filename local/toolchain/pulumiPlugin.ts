import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Toolchain } from "./toolchain";
import { versions } from "./versions";

/** The genuine Kubernetes plugin of Pulumi, or why it cannot be had. */
export type KubernetesPlugin =
  | {
      readonly genuine: true;
      /** Folder of the plugin's program, for `PATH`. */
      readonly directory: string;
    }
  | { readonly genuine: false; readonly why: string };

/** How long the installation may take, in milliseconds. */
const patience = 120_000;

/**
 * Finds Pulumi's Kubernetes plugin where the engine keeps plugins, or has the engine install it.
 *
 * @param toolchain - with `pulumi`
 * @param home - home folder of the engine that the plugin is installed into, if need be
 */
export async function findKubernetesPlugin(
  toolchain: Pick<Toolchain, "bin">,
  home: string,
): Promise<KubernetesPlugin> {
  for (const folder of [home, process.env["PULUMI_HOME"], join(homedir(), ".pulumi")]) {
    if (folder === undefined) continue;
    const directory = pluginDirectory(folder);
    if (isComplete(directory)) return { genuine: true, directory };
  }
  const why = await install(toolchain.bin("pulumi"), home);
  return why === undefined
    ? { genuine: true, directory: pluginDirectory(home) }
    : { genuine: false, why };
}

function pluginDirectory(home: string): string {
  return join(home, "plugins", `resource-kubernetes-v${versions.pulumiKubernetes}`);
}

/** Whether a plugin is there. The engine marks one that it is still downloading with a file beside the folder. */
function isComplete(directory: string): boolean {
  return (
    existsSync(join(directory, "pulumi-resource-kubernetes")) && !existsSync(`${directory}.partial`)
  );
}

/** Has the engine install the plugin; tells why it could not, in one line. */
function install(pulumi: string, home: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const args = ["plugin", "install", "resource", "kubernetes", versions.pulumiKubernetes];
    const env = { ...process.env, PULUMI_HOME: home, PULUMI_SKIP_UPDATE_CHECK: "true" };
    execFile(pulumi, args, { env, timeout: patience }, (error, stdout, stderr) => {
      if (error === null) resolve(undefined);
      else if (error.killed) resolve(`its download took more than ${patience / 1000} s`);
      else resolve(reasonIn(`${stdout}\n${stderr}`) ?? error.message);
    });
  });
}

/** The engine's last warning tells what went wrong; its error only that it did. */
function reasonIn(output: string): string | undefined {
  const said = (kind: string): string | undefined =>
    output
      .split("\n")
      .filter((line) => line.startsWith(`${kind}: `))
      .pop()
      ?.slice(kind.length + 2);
  return said("warning") ?? said("error");
}

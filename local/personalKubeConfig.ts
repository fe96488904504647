import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";

/** The files that hold the person's own kubeconfig, as kubectl finds them; they may be missing. */
export function personalKubeConfigFiles(): string {
  return process.env["KUBECONFIG"] ?? join(homedir(), ".kube", "config");
}

/**
 * The person's own kubeconfig; without any context where there is none.
 *
 * @param files - paths, as `KUBECONFIG` takes them; the first that names a current context decides
 */
export function personalKubeConfig(files: string = personalKubeConfigFiles()): KubeConfig {
  const merged = new KubeConfig();
  merged.loadFromOptions({ clusters: [], users: [], contexts: [], currentContext: "" });
  for (const file of files.split(delimiter).filter(existsSync)) {
    const one = new KubeConfig();
    one.loadFromFile(file);
    merged.mergeConfig(one, merged.getCurrentContext() !== "");
  }
  return merged;
}

import { createHash } from "node:crypto";
import { homedir } from "node:os";
import { join, resolve } from "node:path";

/** The checkout that this file belongs to. */
export const checkout = resolve(__dirname, "..");

/**
 * What is built or installed once and shared by all checkouts: toolchain, images, packages. Its entries are keyed by
 * version; one that exists under its final name is complete.
 */
export function cacheDirectory(): string {
  return join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "modelstore");
}

/**
 * The state of one embedded platform: its cluster, volumes, kubeconfig, logs and Pulumi backend.
 * `MODELSTORE_STATE` names another one, so that tests run beside a platform in use.
 */
export function stateDirectory(): string {
  return resolve(process.env["MODELSTORE_STATE"] ?? join(checkout, ".modelstore"));
}

/** The folder of a state directory that holds the workspaces of existing clusters. */
export const contextsFolder = "contexts";

/** Where the workspace of an existing cluster's context lies: one folder a context, beside the embedded platform's. */
export function contextDirectory(context: string): string {
  return join(stateDirectory(), contextsFolder, encodeURIComponent(context));
}

/** A short name for a state directory, for what has to be unique on the machine (interfaces, cgroups). */
export function stateId(state: string = stateDirectory()): string {
  return createHash("sha256").update(state).digest("hex").slice(0, 8);
}

import { closeSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { isErrno } from "./errors";

/** What Kubernetes shows of it. */
const mostBytes = 4096;

/** Leaves a last word where `kubectl describe` shows it. Outside of a pod there is no such place. */
export function writeTerminationLog(text: string, environment: NodeJS.ProcessEnv): void {
  const path = environment["MODELSTORE_TERMINATION_LOG"] ?? "/dev/termination-log";
  const message = Buffer.from(text).subarray(0, mostBytes);
  try {
    // The kubelet makes the file; anywhere else it must not come into being.
    const file = openSync(path, "r+");
    try {
      ftruncateSync(file);
      writeSync(file, message);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (isErrno(error, "ENOENT")) return;
    process.stderr.write(`modelstore: warning: ${(error as Error).message}\n`);
  }
}

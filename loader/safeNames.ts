import { ExitCode, manifestName } from "../plan/population";
import { LoaderError } from "./errors";
import type { SourceFile } from "./source";

/**
 * Refuses files whose names lead out of the directory that they are put into, or cannot lie in one directory together.
 *
 * @throws LoaderError with exit code 65 that names the first of them
 */
export function refuseUnsafeNames(files: readonly SourceFile[]): void {
  const paths = new Set<string>();
  const directories = new Set<string>();
  const refuse = (path: string, why: string) =>
    new LoaderError(
      ExitCode.DataMismatch,
      `the source names a file ${JSON.stringify(path.slice(0, 300))}, which ${why}; nothing was written`,
    );
  for (const { path } of files) {
    const why = problemOfName(path);
    if (why !== undefined) throw refuse(path, why);
    if (paths.has(path)) throw refuse(path, "it names twice");
    paths.add(path);
    for (let at = path.indexOf("/"); at >= 0; at = path.indexOf("/", at + 1)) {
      directories.add(path.slice(0, at));
    }
  }
  for (const path of paths) {
    if (directories.has(path)) throw refuse(path, "is a directory as well");
  }
}

function problemOfName(path: string): string | undefined {
  // The manifest itself, what it is called while it is written, and a directory in the place of either.
  if (path.startsWith(manifestName)) return "begins with the name of the loader's own manifest";
  if (path.startsWith("/")) return "is absolute";
  if (/[\p{Cc}\\]/u.test(path)) return "has a backslash or a control character";
  if (Buffer.byteLength(path) > 2048) return "is longer than 2048 bytes";
  const parts = path.split("/");
  if (parts.includes("")) return "has an empty part";
  if (parts.some((part) => part === "." || part === "..")) return "has a part that is . or ..";
  if (parts.some((part) => Buffer.byteLength(part) > 255)) return "has a part of over 255 bytes";
  return undefined;
}

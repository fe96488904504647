import { join } from "node:path";
import { run, type CommandOptions } from "../runProgram";

/**
 * Runs Python 3.11 on this machine, whether or not it is installed: what the machine lacks of Python and of the libraries
 * below `root` is seen in `/usr` by this one process and its children.
 *
 * @param root - folder with the unpacked Debian packages
 * @returns its standard output
 */
export function runPython(
  root: string,
  args: readonly string[],
  options?: CommandOptions,
): Promise<string> {
  const layers = `lowerdir=/usr:${join(root, "usr")}`;
  const start = 'mount -t overlay overlay -o "$0" /usr && exec /usr/bin/python3.11 "$@"';
  return run("unshare", ["--mount", "sh", "-c", start, layers, ...args], options);
}

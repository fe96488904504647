import { execFile } from "node:child_process";
import { promisify } from "node:util";

const execute = promisify(execFile);

/**
 * Runs a program to its end and returns its standard output.
 *
 * @throws Error that names the command and holds what it wrote to standard error
 */
export async function output(command: string, args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await execute(command, args, { maxBuffer: 64 * 1024 * 1024 });
    return stdout;
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    const said = stderr?.trim();
    throw new Error(`${[command, ...args].join(" ")}: ${said ? said : message}`, { cause: error });
  }
}

/** Lets the given time pass. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Asks again and again until the answer is yes; says whether it was before the time was over. */
export async function eventually(
  question: () => boolean | Promise<boolean>,
  { seconds, everyMilliseconds = 100 }: { seconds: number; everyMilliseconds?: number },
): Promise<boolean> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    if (await question()) return true;
    if (Date.now() >= end) return false;
    await pause(everyMilliseconds);
  }
}

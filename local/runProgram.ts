import { execFile } from "node:child_process";
import { promisify } from "node:util";

const execFileAsync = promisify(execFile);

/** Where and with what surroundings a command runs. */
export interface CommandOptions {
  readonly cwd?: string;
  /** Variables added to ours. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Standard output of a command that ended well.
 *
 * @throws Error with the command line and the end of what it said, where it did not
 */
export async function run(
  command: string,
  args: readonly string[],
  { cwd, env }: CommandOptions = {},
): Promise<string> {
  try {
    const { stdout } = await execFileAsync(command, args, {
      cwd,
      env: { ...process.env, ...env },
      maxBuffer: 64 << 20,
    });
    return stdout;
  } catch (error) {
    const { code, stdout, stderr } = error as {
      code?: string | number;
      stdout?: string;
      stderr?: string;
    };
    if (code === "ENOENT") {
      throw new Error(`${command}: no such command on this machine; install it first`, {
        cause: error,
      });
    }
    const said = `${stdout ?? ""}\n${stderr ?? ""}`.trim().split("\n").slice(-15).join("\n");
    throw new Error(`${[command, ...args].join(" ")}: ended with ${code ?? "a signal"}:\n${said}`, {
      cause: error,
    });
  }
}

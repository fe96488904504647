import { spawn } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkout } from "../../local/paths";

/** What a command line gave. */
export interface ShellRun {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly seconds: number;
}

/** A shell in the checkout, with an embedded platform's state folder of its own. */
export class Shell {
  /** The state folder: a short path, outside the checkout, so that a platform in use is not disturbed. */
  readonly state = mkdtempSync(join(tmpdir(), "modelstore-"));

  /** Runs a command line as a person would type it. */
  run(commandLine: string, environment: NodeJS.ProcessEnv = {}): Promise<ShellRun> {
    const from = Date.now();
    return new Promise((resolve, reject) => {
      const child = spawn("bash", ["-c", commandLine], {
        cwd: checkout,
        env: { ...process.env, ...environment, MODELSTORE_STATE: this.state },
        stdio: ["ignore", "pipe", "pipe"],
      });
      let stdout = "";
      let stderr = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
      child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
      child.on("error", reject);
      child.on("close", (status) => {
        resolve({ status: status ?? -1, stdout, stderr, seconds: (Date.now() - from) / 1000 });
      });
    });
  }

  /** Runs a command line that has to end with 0, and returns its standard output. */
  async output(commandLine: string, environment?: NodeJS.ProcessEnv): Promise<string> {
    const { status, stdout, stderr } = await this.run(commandLine, environment);
    if (status !== 0) {
      throw new Error(`${commandLine}\nended with ${status}\n${stdout}\n${stderr}`);
    }
    return stdout;
  }

  /** Runs a command line in a shell that `npm run -s env` has pointed at the platform. */
  inPlatform(commandLine: string): Promise<ShellRun> {
    return this.run(`eval "$(npm run -s env)" && ${commandLine}`);
  }

  /** As {@link Shell.inPlatform}, for what has to end with 0. */
  platformOutput(commandLine: string): Promise<string> {
    return this.output(`eval "$(npm run -s env)" && ${commandLine}`);
  }
}

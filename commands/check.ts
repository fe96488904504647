/** `npm run check`: types, lint and format; every check runs, and the command fails if one does. */
import { spawnSync } from "node:child_process";
import { runCommand } from "./commandError";

const checks: readonly (readonly [name: string, ...command: string[]])[] = [
  ["types", "tsc", "--noEmit", "--project", "."],
  ["lint", "eslint", "--max-warnings", "0", "."],
  ["format", "prettier", "--check", "--log-level", "warn", "."],
];

// eslint-disable-next-line @typescript-eslint/require-await -- a command's main function is asynchronous
runCommand(async () => {
  for (const [name, command, ...args] of checks) {
    const from = Date.now();
    const { status, error } = spawnSync("npx", ["--no-install", command ?? "", ...args], {
      stdio: "inherit",
    });
    if (error) throw error;
    const seconds = ((Date.now() - from) / 1000).toFixed(1);
    process.stdout.write(`${name}: ${status === 0 ? "ok" : "failed"} in ${seconds} s\n`);
    if (status !== 0) process.exitCode = 1;
  }
});

/** `npm run -s env`: prints the lines that point a shell at the platform: `eval "$(npm run -s env)"`. */
import { parseArgs } from "node:util";
import { contextDirectory, stateDirectory } from "../local/paths";
import { exportLines, readWorkspace } from "../local/workspace";
import { CommandError, runCommand } from "./commandError";

// eslint-disable-next-line @typescript-eslint/require-await -- a command's main function is asynchronous
runCommand(async () => {
  const { values } = parseArgs({ options: { context: { type: "string" } } });
  const state = stateDirectory();
  const directory = values.context === undefined ? state : contextDirectory(values.context);
  const workspace = readWorkspace(directory);
  if (workspace === undefined) {
    throw new CommandError(`nothing was brought up yet in ${directory}; run npm run up first`);
  }
  process.stdout.write(`${exportLines(workspace).join("\n")}\n`);
});

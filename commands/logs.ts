/** `npm run logs -- NAME`: the end of what a service of the embedded platform has said; `--lines N` for more of it. */
import { parseArgs } from "node:util";
import { clusterLogs } from "../local/cluster/cluster";
import { stateDirectory } from "../local/paths";
import { CommandError, runCommand } from "./commandError";

// eslint-disable-next-line @typescript-eslint/require-await -- a command's main function is asynchronous
runCommand(async () => {
  const { values, positionals } = parseArgs({
    options: { lines: { type: "string", default: "100" } },
    allowPositionals: true,
  });
  const [name] = positionals;
  const lines = Number(values.lines);
  if (name === undefined || positionals.length > 1 || !Number.isInteger(lines) || lines < 1) {
    throw new CommandError(
      "usage: npm run logs -- NAME [--lines N]; npm run status lists the names",
    );
  }
  process.stdout.write(`${clusterLogs(stateDirectory(), name, lines)}\n`);
});

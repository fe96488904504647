/** `npm run plan`: the resolved plan of a stack, without a cluster: as a table, or as JSON with `--json`. */
import { existsSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { RunError } from "@pulumi/pulumi";
import { parse } from "yaml";
import { parseStackFile } from "../config";
import { makePlan } from "../plan/plan";
import { renderPlan } from "../plan/render";
import { CommandError, runCommand } from "./commandError";

// eslint-disable-next-line @typescript-eslint/require-await -- a command's main function is asynchronous
runCommand(async () => {
  const { values } = parseArgs({
    options: {
      stack: { type: "string", default: "dev" },
      "config-file": { type: "string" },
      json: { type: "boolean", default: false },
    },
  });
  const file = values["config-file"] ?? `Pulumi.${values.stack}.yaml`;
  if (!existsSync(file)) {
    throw new CommandError(`there is no ${file}; name another stack with --stack`);
  }
  try {
    const config = parseStackFile(parse(readFileSync(file, "utf8")), values.stack);
    const plan = makePlan(config);
    process.stdout.write(
      `${values.json ? JSON.stringify(plan, undefined, 2) : renderPlan(plan)}\n`,
    );
  } catch (error) {
    if (error instanceof RunError) throw new CommandError(error.message);
    throw error;
  }
});

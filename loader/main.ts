import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { ExitCode, type PopulationResult } from "../plan/population";
import { asLoaderError, LoaderError } from "./errors";
import { ownApiServer, recordResult } from "./jobResult";
import { populate } from "./populate";
import { Progress } from "./progress";
import { parseSpecification } from "./specification";
import { writeTerminationLog } from "./terminationLog";

/** How long the staging area may take to go away after SIGTERM. */
const farewellMilliseconds = 4_000;

async function main(commandLine: readonly string[], environment: NodeJS.ProcessEnv): Promise<void> {
  // What is fetched is for servers too that run as somebody else.
  process.umask(0o022);
  const termination = new AbortController();
  process.on("SIGTERM", () => {
    termination.abort();
    setTimeout(() => process.exit(ExitCode.Terminated), farewellMilliseconds);
  });
  const progress = new Progress();
  try {
    const [command, file, ...rest] = commandLine;
    if (command !== "populate" || file === undefined || rest.length > 0) {
      throw new LoaderError(ExitCode.Usage, "usage: loader.js populate <population.json>");
    }
    const spec = parseSpecification(read(file), file);
    const code = createHash("sha256").update(readFileSync(__filename)).digest("hex");
    const result = await populate(spec, code, progress, termination.signal);
    const server = ownApiServer(environment);
    if (spec.job !== undefined && server !== undefined) {
      await recordResult(result, spec.job, server).catch((error: unknown) => {
        progress.say(`warning: the Job does not show the result: ${(error as Error).message}`);
      });
    }
    succeed(result, environment);
  } catch (error) {
    const end = termination.signal.aborted
      ? new LoaderError(ExitCode.Terminated, "stopped by SIGTERM; nothing half-done is visible")
      : asLoaderError(error);
    // Nobody foresaw it, so that whoever looks into it needs all that is known.
    if (end.exitCode === ExitCode.TryAgain && end.cause instanceof Error) {
      process.stderr.write(`${end.cause.stack ?? ""}\n`);
    }
    fail(end, environment);
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new LoaderError(ExitCode.Usage, `cannot read ${file}: ${(error as Error).message}`);
  }
}

function succeed(result: PopulationResult, environment: NodeJS.ProcessEnv): never {
  const text = JSON.stringify(result);
  writeTerminationLog(text, environment);
  process.stdout.write(`${text}\n`);
  process.exit(ExitCode.Done);
}

function fail({ exitCode, message }: LoaderError, environment: NodeJS.ProcessEnv): never {
  const line = message.replace(/\s+/g, " ");
  writeTerminationLog(line, environment);
  process.stderr.write(`modelstore: error: ${line}\n`);
  process.exit(exitCode);
}

void main(process.argv.slice(2), process.env);

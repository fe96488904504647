/**
 * `npm run bench [-- AREA…]`: the benchmarks, each beside its peers in one run, as tables; all areas by default.
 * Ends with 1 when a goal is missed, with `CI=true` also when one could not be measured.
 */
import { statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { parseArgs } from "node:util";
import { measureLoader } from "../bench/loader";
import { renderReport, report, type Measurement, type Report } from "../bench/report";
import { Progress } from "../local/progress";
import { isQuantity, quantityBytes, quantityProblem } from "../plan/quantity";
import { CommandError, runCommand } from "./commandError";
import { formatBytes } from "./summary";

const usage = `usage: npm run bench -- [AREA…] [--size QUANTITY] [--files N] [--rounds N] [--json FILE]
  AREA      loader: the population Job's loader beside curl and hf download
  --size    of the model, with a binary unit (1Gi)
  --files   that the model has (4)
  --rounds  that count, after one that does not (5)
  --json    writes everything that was measured to a file`;

interface Settings {
  readonly bytes: number;
  readonly files: number;
  readonly rounds: number;
}

const areas: Readonly<
  Record<string, (settings: Settings, progress: Progress) => Promise<Measurement>>
> = { loader: measureLoader };

runCommand(async () => {
  const { names, json, settings } = readCommandLine(process.argv.slice(2));
  refuseSmallDisk(settings);
  const progress = new Progress();
  const reports: Report[] = [];
  for (const [name, measure] of Object.entries(areas)) {
    if (names.length > 0 && !names.includes(name)) continue;
    const measured = report(await measure(settings, progress));
    process.stdout.write(`\n${renderReport(measured)}\n`);
    reports.push(measured);
  }
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(reports, undefined, 2)}\n`);

  const failing = process.env["CI"] === "true" ? ["missed", "not measured"] : ["missed"];
  const failed = reports.flatMap(({ area, ratios }) =>
    ratios
      .filter(({ verdict }) => verdict !== undefined && failing.includes(verdict))
      .map(({ peer, verdict }) => `${area} / ${peer}: goal ${verdict ?? ""}`),
  );
  if (failed.length > 0) throw new CommandError(failed.join("\n"));
});

function readCommandLine(args: readonly string[]): {
  readonly names: readonly string[];
  readonly json: string | undefined;
  readonly settings: Settings;
} {
  const { values, positionals } = parse(args);
  const unknown = positionals.filter((name) => !Object.hasOwn(areas, name));
  if (unknown.length > 0) {
    throw new CommandError(
      `no such area: ${unknown.join(", ")}; the areas are ${Object.keys(areas).join(", ")}`,
    );
  }
  if (!isQuantity(values.size)) throw new CommandError(`--size: ${quantityProblem(values.size)}`);
  return {
    names: positionals,
    json: values.json,
    settings: {
      bytes: Number(quantityBytes(values.size)),
      files: count("--files", values.files),
      rounds: count("--rounds", values.rounds),
    },
  };
}

/** The model lies at the hub and once more where it is fetched to, both among the temporary files. */
function refuseSmallDisk({ bytes }: Settings): void {
  const { bavail, bsize } = statfsSync(tmpdir(), { bigint: true });
  const [free, needed] = [bavail * bsize, 2n * BigInt(bytes)];
  if (free >= needed) return;
  throw new CommandError(
    `${tmpdir()} has ${formatBytes(Number(free))} free, and ${formatBytes(Number(needed))} are needed; choose a smaller --size, or another disk with TMPDIR`,
  );
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        size: { type: "string", default: "1Gi" },
        files: { type: "string", default: "4" },
        rounds: { type: "string", default: "5" },
        json: { type: "string" },
      },
    });
  } catch (error) {
    throw new CommandError(`${(error as Error).message}\n${usage}`);
  }
}

function count(option: string, text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new CommandError(
    `${option}: got ${JSON.stringify(text)}, expected a number from 1 to 9999`,
  );
}

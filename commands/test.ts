/**
 * `npm test`: every layer of tests that this machine can run, cheapest first; says which it could not run and why. Closes
 * with `N passed, N failed`. With `CI=true` a layer that cannot run counts as a failure. `npm test -- unit engine` runs
 * the named layers.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkout } from "../local/paths";
import { preparePlatform } from "../local/platform";
import { Progress } from "../local/progress";
import { formatTable } from "../local/table";
import { embeddedObstacle } from "../local/target";
import { CommandError, runCommand } from "./commandError";

interface Layer {
  /** Its folder under tests/. */
  readonly name: string;
  /** Needs the embedded platform's parts: built before it runs. */
  readonly platform?: true;
}

/** Cheapest first, so that a simple mistake shows early. */
const layers: readonly Layer[] = [
  { name: "unit" },
  { name: "property" },
  { name: "components" },
  { name: "program" },
  { name: "policy" },
  { name: "loader" },
  { name: "local", platform: true },
  { name: "engine", platform: true },
  { name: "cluster", platform: true },
];

interface Counts {
  passes: number;
  failures: number;
  pending: number;
}

interface LayerResult extends Counts {
  readonly name: string;
  readonly seconds: number;
  /** Why the layer could not run. */
  readonly obstacle?: string;
}

runCommand(async () => {
  const chosen = chooseLayers(process.argv.slice(2));
  const results: LayerResult[] = [];
  let platform: Promise<string | undefined> | undefined;
  for (const { name, platform: needed } of chosen) {
    const obstacle = needed ? await (platform ??= platformObstacle()) : undefined;
    results.push(
      obstacle === undefined
        ? await runLayer(name)
        : { name, seconds: 0, passes: 0, failures: 0, pending: 0, obstacle },
    );
  }
  report(results);
});

/** Builds what the embedded platform is made of, and says why that cannot be done; undefined where it can. */
async function platformObstacle(): Promise<string | undefined> {
  const obstacle = embeddedObstacle({ platform: process.platform, uid: process.geteuid?.() });
  if (obstacle !== undefined) return obstacle;
  try {
    await preparePlatform(new Progress());
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function chooseLayers(names: readonly string[]): readonly Layer[] {
  const unknown = names.filter((name) => !layers.some((layer) => layer.name === name));
  if (unknown.length > 0) {
    throw new CommandError(
      `no such layer: ${unknown.join(", ")}; the layers are ${layers.map(({ name }) => name).join(", ")}`,
    );
  }
  return names.length === 0 ? layers : layers.filter(({ name }) => names.includes(name));
}

async function runLayer(name: string): Promise<LayerResult> {
  process.stdout.write(`\n=== ${name}\n`);
  const folder = join("tests", name);
  if (!existsSync(join(checkout, folder)) || readdirSync(join(checkout, folder)).length === 0) {
    throw new Error(`${folder} holds no tests`);
  }
  const scratch = mkdtempSync(join(tmpdir(), "modelstore-tests-"));
  const file = join(scratch, "counts.json");
  const from = Date.now();
  try {
    const status = await mocha(folder, file);
    const seconds = (Date.now() - from) / 1000;
    // A run that dies before its end reports nothing; that is a failure, whatever had passed by then.
    if (!existsSync(file)) return { name, seconds, passes: 0, failures: 1, pending: 0 };
    const counts = JSON.parse(readFileSync(file, "utf8")) as Counts;
    const failures = status === 0 ? counts.failures : Math.max(1, counts.failures);
    return { name, seconds, ...counts, failures };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function mocha(folder: string, countsFile: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [
        join(checkout, "node_modules", "mocha", "bin", "mocha.js"),
        "--recursive",
        "--reporter",
        join(checkout, "tests", "support", "countingReporter.cjs"),
        join(folder, "**", "*.test.ts"),
      ],
      {
        cwd: checkout,
        stdio: ["ignore", "inherit", "inherit"],
        env: { ...process.env, MODELSTORE_TEST_COUNTS: countsFile },
      },
    );
    child.on("error", reject);
    child.on("close", (status) => {
      resolve(status ?? 1);
    });
  });
}

function report(results: readonly LayerResult[]): void {
  const rows = results.map(({ name, passes, failures, pending, seconds, obstacle }) => [
    name,
    ...(obstacle === undefined
      ? [String(passes), String(failures), String(pending), seconds.toFixed(1)]
      : ["-", "-", "-", `could not run: ${obstacle}`]),
  ]);
  process.stdout.write(
    `\n${formatTable([["LAYER", "PASSED", "FAILED", "SKIPPED", "SECONDS"], ...rows])}\n\n`,
  );
  const sum = (count: (result: LayerResult) => number): number =>
    results.reduce((total, result) => total + count(result), 0);
  const couldNotRun = sum(({ obstacle }) => (obstacle === undefined ? 0 : 1));
  const strict = process.env["CI"] === "true";
  const failed = sum(({ failures }) => failures) + (strict ? couldNotRun : 0);
  const skipped = sum(({ pending }) => pending) + (strict ? 0 : couldNotRun);
  const passed = sum(({ passes }) => passes);
  process.stdout.write(
    `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}\n`,
  );
  if (failed > 0) process.exitCode = 1;
}

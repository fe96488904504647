import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import { checkout } from "../../local/paths";
import { startMocks, type MadeResource, type MockSettings } from "./mocks";

const load = createRequire(__filename);

/** What a run of the whole program gave. */
export interface ProgramRun {
  readonly resources: readonly MadeResource[];
  readonly outputs: Readonly<Record<string, unknown>>;
}

/**
 * Runs `index.ts` under mocks, with the configuration of a stack file's text.
 *
 * @param stackFile - YAML, as in `Pulumi.dev.yaml`.
 */
export async function runProgram(
  stackFile: string,
  settings: MockSettings = {},
): Promise<ProgramRun> {
  const { config } = parse(stackFile) as { config: Record<string, unknown> };
  pulumi.runtime.setAllConfig(
    Object.fromEntries(
      Object.entries(config).map(([key, value]) => [
        key,
        // As the engine hands it on.
        typeof value === "string" ? value : JSON.stringify(value),
      ]),
    ),
  );
  return runModule(join(checkout, "index.ts"), settings);
}

/**
 * Runs a program under mocks, with the configuration that was set last.
 *
 * @param program - The absolute path of its main file.
 */
export async function runModule(program: string, settings: MockSettings = {}): Promise<ProgramRun> {
  const recorder = await startMocks(settings);
  const outputs = (await pulumi.runtime.runInPulumiStack(() => {
    pulumi.runtime.registerStackTransformation(recorder.transformation);
    // A program runs when it is loaded: make this run not the first one's echo.
    // eslint-disable-next-line @typescript-eslint/no-dynamic-delete
    delete load.cache[program];
    return Promise.resolve(load(program) as Record<string, unknown>);
  })) as Record<string, unknown>;
  return { resources: await recorder.resources(), outputs };
}

/** The text of one of the checkout's stack files. */
export function stackFile(stack: string): string {
  return readFileSync(join(checkout, `Pulumi.${stack}.yaml`), "utf8");
}

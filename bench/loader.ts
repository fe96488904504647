import { rmSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../local/runProgram";
import { bundleLoader } from "../loader/bundle";
import type { PopulationSpec } from "../plan/population";
import type { Progress } from "../local/progress";
import { serveModelRepository, type ModelRepository } from "./modelRepository";
import { curl, huggingFaceClient, peerNames } from "./peers";
import { race, type Absence, type Contender } from "./race";
import type { Measurement } from "./report";

/** How much is measured, and how often. */
export interface LoaderSettings {
  /** The size of the model, in bytes. */
  readonly bytes: number;
  /** How many files the model has. */
  readonly files: number;
  /** Rounds that count. */
  readonly rounds: number;
}

/**
 * Measures the population Job's loader beside what people use instead: from the start of the process until the files
 * are on the disk, all from the same local hub over loopback and onto the disk of the directory for temporary files.
 */
export async function measureLoader(
  { bytes, files, rounds }: LoaderSettings,
  progress: Progress,
): Promise<Measurement> {
  const scratch = await mkdtemp(join(tmpdir(), "modelstore-bench-"));
  const abandon = (): void => {
    // What was running may be writing still, as it ends.
    rmSync(scratch, { recursive: true, force: true, maxRetries: 20 });
    process.exit(130);
  };
  process.once("SIGINT", abandon).once("SIGTERM", abandon);
  let repository: ModelRepository | undefined;
  try {
    const served = await progress.step("model repository", () =>
      serveModelRepository(scratch, bytes, files),
    );
    repository = served;
    const loader = await bundledLoader(served, scratch);
    const peers = await findPeers(served, scratch, progress);
    const contenders = [loader, ...peers.contenders];
    return {
      area: "loader",
      task: `${(served.bytes / 2 ** 30).toFixed(2)} GiB in ${files} files from the local hub over loopback`,
      bytes: served.bytes,
      rounds: await race({ contenders, rounds, bytes: served.bytes, scratch, progress }),
      contenders: contenders.map(({ name, does }) => ({ name, does })),
      absences: peers.absences,
    };
  } finally {
    await repository?.close();
    await rm(scratch, { recursive: true, force: true });
    process.off("SIGINT", abandon).off("SIGTERM", abandon);
  }
}

/** The loader as the Job runs it: one file, one specification. */
async function bundledLoader(repository: ModelRepository, scratch: string): Promise<Contender> {
  const code = join(scratch, "loader.js");
  await writeFile(code, bundleLoader().code);
  return {
    name: "loader",
    does: "checks SHA-256, publishes in one step",
    fetch: async (volume) => {
      const specification: PopulationSpec = {
        schema: 1,
        source: `hf://${repository.id}@${repository.commit}`,
        endpoint: repository.endpoint,
        volume,
        path: repository.id,
      };
      const file = join(scratch, "population.json");
      await writeFile(file, JSON.stringify(specification));
      await run(process.execPath, [code, "populate", file]);
    },
  };
}

async function findPeers(
  repository: ModelRepository,
  scratch: string,
  progress: Progress,
): Promise<{ readonly contenders: Contender[]; readonly absences: Absence[] }> {
  const contenders: Contender[] = [];
  const absences: Absence[] = [];
  const { hf, hfVerified } = peerNames;
  const peers = [
    { names: [peerNames.curl], find: async () => [await curl(repository)] },
    { names: [hf, hfVerified], find: () => huggingFaceClient(repository, scratch) },
  ];
  for (const { names, find } of peers) {
    try {
      contenders.push(...(await progress.step(`peer ${names.join(", ")}`, find)));
    } catch (error) {
      const why = (error as Error).message.replace(/\s+/g, " ");
      absences.push(...names.map((name) => ({ name, why })));
    }
  }
  return { contenders, absences };
}

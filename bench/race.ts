import { mkdir, open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Progress } from "../local/progress";
import { startingOrder, type Round } from "./rounds";

/** One way to get the same files. */
export interface Contender {
  readonly name: string;
  /** What it does besides moving bytes, so that the times are read for what they are. */
  readonly does: string;
  /** Fetches everything into an empty directory. */
  fetch(directory: string): Promise<void>;
}

/** A way that this machine does not have. */
export interface Absence {
  readonly name: string;
  readonly why: string;
}

/** What is raced for. */
export interface Race {
  readonly contenders: readonly Contender[];
  /** Rounds that count; one more comes first that does not, since it fills caches and compiles. */
  readonly rounds: number;
  /** How many bytes each contender must leave behind. */
  readonly bytes: number;
  /** An existing directory on the disk that is measured. */
  readonly scratch: string;
  readonly progress: Progress;
}

/**
 * Lets the contenders fetch one after another, round by round, each into an empty directory that goes right after. A
 * contender's time ends when its files are on the disk: what it leaves to the kernel to write is not on the volume yet,
 * and would be written in the next one's time.
 *
 * @throws Error when a contender fails, or leaves less behind than there is to fetch
 */
export async function race({
  contenders,
  rounds,
  bytes,
  scratch,
  progress,
}: Race): Promise<Round[]> {
  const results: Round[] = [];
  for (let round = 0; round <= rounds; round++) {
    const result: Record<string, number> = {};
    for (const contender of startingOrder(contenders, round)) {
      result[contender.name] = await time(contender, join(scratch, contender.name), bytes);
    }
    const times = Object.entries(result).map(
      ([name, seconds]) => `${name} ${seconds.toFixed(2)} s`,
    );
    const label = round === 0 ? "warm-up" : `round ${round} of ${rounds}`;
    progress.line(`${label}: ${times.join(", ")}`);
    if (round > 0) results.push(result);
  }
  return results;
}

async function time(contender: Contender, directory: string, bytes: number): Promise<number> {
  await mkdir(directory);
  try {
    const from = performance.now();
    await contender.fetch(directory);
    const flushed = await flush(directory);
    const seconds = (performance.now() - from) / 1000;
    if (flushed < bytes) {
      throw new Error(`${contender.name} left ${flushed} of ${bytes} bytes and reported success`);
    }
    return seconds;
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** Has the kernel write what it still keeps of a directory's files. @returns their bytes */
async function flush(directory: string): Promise<number> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const sizes = entries
    .filter((entry) => entry.isFile())
    .map(async (entry) => {
      const file = await open(join(entry.parentPath, entry.name));
      try {
        await file.sync();
        return (await file.stat()).size;
      } finally {
        await file.close();
      }
    });
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

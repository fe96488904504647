import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ManifestFile } from "../plan/population";
import { FileDownload } from "./fileDownload";
import type { Progress } from "./progress";
import type { ModelSource, SourceFile } from "./source";

/** How many transfers run at once: enough to fill a line whose single connections are slow. */
const streamCount = 8;

/** How much one request asks for. */
const partBytes = 64 * 1024 * 1024;

/** What is fetched, and where to. */
export interface DownloadOrder {
  readonly source: ModelSource;
  readonly revision: string;
  readonly files: readonly SourceFile[];
  /** An empty directory. */
  readonly directory: string;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/**
 * Fetches files in parallel, within large ones too, and verifies them.
 *
 * @returns the files with their hashes, ordered by path
 * @throws LoaderError for the first file that cannot be had
 */
export async function download(order: DownloadOrder): Promise<readonly ManifestFile[]> {
  const { source, revision, files, directory, progress } = order;
  for (const folder of new Set(files.map(({ path }) => dirname(path)))) {
    await mkdir(join(directory, folder), { recursive: true, mode: 0o755 });
  }
  const failure = new AbortController();
  const signal = AbortSignal.any([order.signal, failure.signal]);
  const onBytes = (count: number): void => {
    progress.addBytes(count);
  };
  const context = { source, revision, signal, partBytes, onBytes };
  // The largest ones first, so that not one of them is left to a single stream at the end.
  const waiting = [...files].sort((a, b) => b.size - a.size);
  const started: FileDownload[] = [];

  const stream = async (): Promise<void> => {
    for (;;) {
      const next = leastServed(started);
      const file = next === undefined || next.streams > 0 ? waiting.shift() : undefined;
      const work =
        file === undefined ? next : new FileDownload(file, join(directory, file.path), context);
      if (work === undefined) return;
      if (file !== undefined) started.push(work);
      await work.work();
      if (work.sha256 !== undefined) progress.addFile();
    }
  };
  const streams = Array.from({ length: streamCount }, () =>
    stream().catch((error: unknown) => {
      failure.abort();
      throw error;
    }),
  );
  await firstFailure(streams);
  return started
    .map(({ file: { path, size }, sha256 = "" }) => ({ path, size, sha256 }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** One stream a file hashes without reading back, so a file gets a second one only when all have theirs. */
function leastServed(downloads: readonly FileDownload[]): FileDownload | undefined {
  let least: FileDownload | undefined;
  for (const each of downloads) {
    if (each.hasWork && (least === undefined || each.streams < least.streams)) least = each;
  }
  return least;
}

/** Waits for all, and then throws what failed first: the others failed because of it. */
async function firstFailure(work: readonly Promise<void>[]): Promise<void> {
  const failures: unknown[] = [];
  await Promise.all(work.map((each) => each.catch((error: unknown) => failures.push(error))));
  if (failures.length > 0) throw failures[0];
}

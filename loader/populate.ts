import {
  ExitCode,
  type Manifest,
  type ManifestFile,
  type PopulationResult,
  type PopulationSpec,
  type Selection,
} from "../plan/population";
import { parseSource } from "../plan/sources";
import { download } from "./download";
import { isNoSpace, LoaderError } from "./errors";
import { findWhole, type WholeRevision } from "./manifest";
import { ModelLink } from "./modelLink";
import { openSource } from "./openSource";
import type { Progress } from "./progress";
import { publish } from "./publish";
import { refuseUnsafeNames } from "./safeNames";
import { select, selectionId, selectionOf } from "./selection";
import type { ModelSource } from "./source";
import { Staging } from "./staging";
import { Volume } from "./volume";

/** What a population works with. */
interface Population {
  readonly spec: PopulationSpec;
  readonly source: ModelSource;
  readonly selection: Selection;
  readonly volume: Volume;
  readonly link: ModelLink;
  /** The SHA-256 of the loader's code. */
  readonly loader: string;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/**
 * Puts a model on a volume: whole, verified, and visible in one step; or finds that it is there.
 *
 * @throws LoaderError with the exit code that says why not; the volume's visible part is then as before
 */
export async function populate(
  spec: PopulationSpec,
  loader: string,
  progress: Progress,
  signal: AbortSignal,
): Promise<PopulationResult> {
  const volume = await Volume.at(spec.volume);
  const link = new ModelLink(volume, spec.path);
  const current = await link.target();
  const selection = selectionOf(spec);
  const source = await openSource(spec);
  const population = { spec, source, selection, volume, link, loader, progress, signal };
  try {
    const revision = await source.resolve(signal);
    const places = () =>
      volume.revisionDirectories(source.directory, revision, selectionId(selection));
    const whole = await findWhole(places(), revision, selection);
    if (whole !== undefined && whole.place === current) {
      progress.say(`${spec.path} is ${spec.source} at ${revision} already`);
      return result(whole.manifest, progress);
    }
    const staging = await Staging.make(volume, progress);
    try {
      const { place, manifest } = whole ?? (await fetch(population, revision, staging, places()));
      await link.pointTo(place, staging.link);
      progress.say(`${spec.path} is ${spec.source} at ${revision}`);
      return result(manifest, progress);
    } catch (error) {
      throw isNoSpace(error) ? await full(volume, error) : error;
    } finally {
      await staging.remove();
    }
  } finally {
    source.close();
  }
}

/** Fetches a revision, and puts it where it is found the next time. */
async function fetch(
  { spec, source, selection, volume, loader, progress, signal }: Population,
  revision: string,
  staging: Staging,
  places: Iterable<string>,
): Promise<WholeRevision> {
  const files = select(await source.list(revision, signal), selection);
  refuseUnsafeNames(files);
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  await volume.refuseToOverfill(bytes, await staging.removeStale());

  progress.startTransfer(bytes, files.length);
  let fetched: readonly ManifestFile[];
  try {
    const directory = staging.tree;
    fetched = await download({ source, revision, files, directory, progress, signal });
  } finally {
    progress.endTransfer();
  }
  const manifest: Manifest = {
    schema: 1,
    source: parseSource(spec.source).uri,
    revision,
    selection,
    files: fetched,
    bytes,
    createdAt: new Date().toISOString(),
    loader,
  };
  signal.throwIfAborted();
  return { place: await publish(staging, manifest, places), manifest };
}

function result({ revision, files, bytes }: Manifest, progress: Progress): PopulationResult {
  return {
    revision,
    files: files.length,
    bytes,
    seconds: Math.round(progress.seconds * 1000) / 1000,
    bytesPerSecond: progress.bytesPerSecond,
    downloadedBytes: progress.downloadedBytes,
  };
}

/** The volume had room enough at the beginning, so that somebody else is filling it. */
async function full(volume: Volume, cause: unknown): Promise<LoaderError> {
  const free = await volume.freeBytes();
  return new LoaderError(
    ExitCode.CannotWrite,
    `the volume is full: ${(cause as Error).message}, with ${free ?? "an unknown number of"} bytes free; something else fills it, so make it larger or remove that`,
    { cause },
  );
}

import { ExitCode } from "../plan/population";
import { Backoff } from "./backoff";
import { inBatches } from "./batches";
import { LoaderError, MismatchError, PassingError, RangeIgnoredError } from "./errors";
import { FileAttempt } from "./fileAttempt";
import type { FilePart } from "./filePart";
import type { ModelSource, SourceFile } from "./source";

/** What the files of one download share. */
export interface DownloadContext {
  readonly source: ModelSource;
  readonly revision: string;
  readonly signal: AbortSignal;
  /** How many bytes one request asks for. */
  readonly partBytes: number;
  /** Hears of bytes that are written, and of a negative number of them when they turn out to be useless. */
  readonly onBytes: (count: number) => void;
}

/** A file on its way from the source to the volume: parts to fetch, and a second chance when they do not match. */
export class FileDownload {
  /** How many streams are at it. */
  streams = 0;
  /** The file's SHA-256 once it is whole and verified. */
  sha256: string | undefined;
  private attempt: FileAttempt;
  private unclaimed: FilePart[];
  private hasMismatched = false;
  private ignoresRanges = false;
  /** Where ranges are ignored, whatever breaks off starts at the file's beginning again. */
  private readonly restarts: Backoff;

  /** @param path - where on the volume the file is written */
  constructor(
    readonly file: SourceFile,
    private readonly path: string,
    private readonly context: DownloadContext,
  ) {
    this.restarts = new Backoff(context.signal);
    this.attempt = new FileAttempt(file, path, context.partBytes);
    this.unclaimed = [...this.attempt.parts];
  }

  /** Whether there is a part that no stream is at. */
  get hasWork(): boolean {
    return this.unclaimed.length > 0;
  }

  /**
   * Fetches the next part, and with the last one verifies the file.
   *
   * @throws LoaderError when the file cannot be had
   */
  async work(): Promise<void> {
    const { attempt } = this;
    const part = this.unclaimed.shift();
    if (part === undefined) return;
    this.streams++;
    attempt.streams++;
    try {
      await this.fetch(attempt, part);
      // A single part is flushed as the file is finished.
      if (attempt.parts.length > 1) await attempt.flush();
      // The last one to come here finds all parts whole, and is alone.
      if (attempt.isWhole && attempt.streams === 1) this.sha256 = await attempt.finish();
    } catch (error) {
      // Of an attempt that was given up, every failure is a consequence of that.
      if (attempt === this.attempt) this.startAgain(attempt, error);
    } finally {
      this.streams--;
      attempt.streams--;
      const isOver =
        this.sha256 !== undefined ||
        attempt.abandoned.signal.aborted ||
        this.context.signal.aborted;
      if (attempt.streams === 0 && isOver) await attempt.close();
    }
  }

  private async fetch(attempt: FileAttempt, part: FilePart): Promise<void> {
    const signal = AbortSignal.any([this.context.signal, attempt.abandoned.signal]);
    const backoff = new Backoff(signal);
    while (!part.isWhole) {
      const from = part.position;
      try {
        await this.transfer(attempt, part, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (this.ignoresRanges) {
          await this.restarts.failed(error);
          throw new RangeIgnoredError("the file has to be started again", { cause: error });
        }
        if (part.position > from) backoff.progressed();
        await backoff.failed(error);
      }
    }
  }

  private async transfer(attempt: FileAttempt, part: FilePart, signal: AbortSignal): Promise<void> {
    const { file, context } = this;
    const isWholeFile = part.position === 0 && part.end === file.size;
    const wanted = isWholeFile ? undefined : { start: part.position, end: part.end };
    const { range, body } = await context.source.open(context.revision, file, wanted, signal);
    await inBatches(body, async (batch) => {
      signal.throwIfAborted();
      const size = batch.reduce((sum, { length }) => sum + length, 0);
      if (part.position + size > range.end) {
        throw new MismatchError(`expected ${file.size} bytes, and more arrive`);
      }
      await attempt.write(part, batch);
      context.onBytes(size);
    });
    if (part.position < range.end) {
      throw new PassingError(`${file.path} broke off at ${part.position} of ${file.size} bytes`);
    }
  }

  /** Gives an attempt up, and starts another one where that may help. @throws what ends the file's download */
  private startAgain(attempt: FileAttempt, error: unknown): void {
    attempt.abandoned.abort();
    if (error instanceof RangeIgnoredError) {
      this.ignoresRanges = true;
    } else if (error instanceof MismatchError && !this.hasMismatched) {
      this.hasMismatched = true;
    } else if (error instanceof MismatchError) {
      throw new LoaderError(
        ExitCode.DataMismatch,
        `${this.file.path} is not what the source states, twice: ${error.message}; the source is damaged, or something on the way changes it`,
        { cause: error },
      );
    } else throw error;

    this.context.onBytes(
      -attempt.parts.reduce((sum, { start, position }) => sum + position - start, 0),
    );
    const partBytes = this.ignoresRanges ? Math.max(1, this.file.size) : this.context.partBytes;
    this.attempt = new FileAttempt(this.file, this.path, partBytes);
    this.unclaimed = [...this.attempt.parts];
  }
}

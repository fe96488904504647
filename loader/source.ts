import type { IncomingMessage } from "node:http";

/** What a source states of a file's bytes. */
export interface StatedDigest {
  /** `git-blob` is the SHA-1 of git's header for a blob followed by the bytes. */
  readonly algorithm: "sha256" | "git-blob";
  /** In hexadecimal digits. */
  readonly hex: string;
}

/** One file of a source. */
export interface SourceFile {
  /** Relative, with `/` between its parts; as the source has it, so not to be trusted. */
  readonly path: string;
  /** In bytes. */
  readonly size: number;
  readonly digest: StatedDigest;
}

/** Bytes of a file from `start` up to, not including, `end`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** An answer on its way. */
export interface Transfer {
  /** The range that is answered, which may end before the one that was asked for does. */
  readonly range: ByteRange;
  readonly body: IncomingMessage;
}

/** A place that models come from. Each kind of source is one implementation. */
export interface ModelSource {
  /** A relative path that tells this source's revisions from those of others on the same volume. */
  readonly directory: string;

  /**
   * The immutable revision that the source stands for now. Asks nobody where the source pins one.
   *
   * @throws LoaderError when there is none, or none that may be read
   */
  resolve(signal: AbortSignal): Promise<string>;

  /** All files of a revision. */
  list(revision: string, signal: AbortSignal): Promise<readonly SourceFile[]>;

  /**
   * Starts the transfer of a range of a file; one attempt.
   *
   * @param range - what is wanted; absent for the whole file
   * @throws PassingError when another attempt may help
   * @throws MismatchError when the answer contradicts the listing
   * @throws RangeIgnoredError when a range was asked for and the whole file is answered
   */
  open(
    revision: string,
    file: SourceFile,
    range: ByteRange | undefined,
    signal: AbortSignal,
  ): Promise<Transfer>;

  /** Gives back connections. */
  close(): void;
}

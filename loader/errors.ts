import { ExitCode } from "../plan/population";

/** An end of the loader: the exit code, and one line that says what happened and what to do. */
export class LoaderError extends Error {
  override readonly name = "LoaderError";

  constructor(
    readonly exitCode: ExitCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** A failure of the source that may be gone when the same is asked again shortly. */
export class PassingError extends Error {
  override readonly name = "PassingError";
}

/** Bytes, or what was said of them, that are not what the source had stated. */
export class MismatchError extends Error {
  override readonly name = "MismatchError";
}

/** A range was asked for and the whole file was answered. */
export class RangeIgnoredError extends Error {
  override readonly name = "RangeIgnoredError";
}

/** What no further attempt changes: a person has to make room, or give permission. */
const cannotWrite: ReadonlySet<string> = new Set([
  "EACCES",
  "EDQUOT",
  "EFBIG",
  "EISDIR",
  "ELOOP",
  "ENAMETOOLONG",
  "ENOSPC",
  "ENOTDIR",
  "EPERM",
  "EROFS",
]);

/** Whether an error says that the volume is full. */
export function isNoSpace(error: unknown): boolean {
  return isErrno(error, "ENOSPC") || isErrno(error, "EDQUOT");
}

/** Whether an error is the operating system's, and one of these. */
export function isErrno(error: unknown, ...codes: readonly string[]): boolean {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return code !== undefined && codes.includes(code);
}

/** The end that an error means for the loader. */
export function asLoaderError(error: unknown): LoaderError {
  if (error instanceof LoaderError) return error;
  const { code, syscall, message } = error as NodeJS.ErrnoException;
  if (code !== undefined && syscall !== undefined) {
    return cannotWrite.has(code)
      ? new LoaderError(ExitCode.CannotWrite, `cannot write to the volume: ${message}`, {
          cause: error,
        })
      : new LoaderError(ExitCode.TryAgain, `the volume failed: ${message}`, { cause: error });
  }
  return new LoaderError(ExitCode.TryAgain, `unexpected: ${message}`, { cause: error });
}

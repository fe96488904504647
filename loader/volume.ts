import { stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import { ExitCode, privateDirectory } from "../plan/population";
import { isErrno, LoaderError } from "./errors";
import { formatBytes } from "./progress";

/** What file systems need beside the files' own bytes. */
const overhead = 1.02;

/** The volume that models lie on, and what is where on it. */
export class Volume {
  private constructor(readonly path: string) {}

  /** @throws LoaderError with exit code 73 where there is no directory */
  static async at(path: string): Promise<Volume> {
    const isDirectory = await stat(path).then(
      (status) => status.isDirectory(),
      (error: unknown) => {
        if (isErrno(error, "ENOENT", "ENOTDIR")) return false;
        throw error;
      },
    );
    if (!isDirectory) {
      throw new LoaderError(
        ExitCode.CannotWrite,
        `the volume ${path} is not a directory; check where it is mounted`,
      );
    }
    return new Volume(path);
  }

  /** Where loaders work on what nobody is to see yet: one directory each. */
  get stagingDirectory(): string {
    return join(this.path, privateDirectory, "staging");
  }

  /**
   * Where a revision lies: the first place, then others in case that something damaged lies there, which stays as it
   * is because servers may be reading it.
   */
  *revisionDirectories(source: string, revision: string, selection?: string): Generator<string> {
    const name = selection === undefined ? revision : `${revision}-${selection}`;
    const first = join(this.path, privateDirectory, "revisions", source, name);
    yield first;
    for (let generation = 2; ; generation++) yield `${first}.${generation}`;
  }

  /** How many bytes can be written, or nothing where the file system does not know. */
  async freeBytes(): Promise<number | undefined> {
    const { bavail, bsize, blocks } = await statfs(this.path);
    return blocks === 0 ? undefined : bavail * bsize;
  }

  /**
   * Refuses to begin what cannot end well.
   *
   * @param bytes - of all files together
   * @param inUse - bytes that other loaders hold for now
   * @throws LoaderError with exit code 73, or 75 where there is room enough when the others are done
   */
  async refuseToOverfill(bytes: number, inUse: number): Promise<void> {
    const free = await this.freeBytes();
    const needed = Math.ceil(bytes * overhead);
    if (free === undefined || free >= needed) return;
    const numbers = `the model needs ${exactly(needed)}, and the volume has ${exactly(free)} free`;
    if (free + inUse >= needed) {
      throw new LoaderError(
        ExitCode.TryAgain,
        `${numbers}; other loaders hold ${exactly(inUse)} of it at the moment`,
      );
    }
    throw new LoaderError(
      ExitCode.CannotWrite,
      `${numbers}; make the volume larger or remove something from it`,
    );
  }
}

function exactly(bytes: number): string {
  return `${bytes} bytes (${formatBytes(bytes)})`;
}

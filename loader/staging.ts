import { randomBytes } from "node:crypto";
import { lstat, mkdir, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { ExitCode, privateDirectory } from "../plan/population";
import { isErrno, LoaderError } from "./errors";
import type { Progress } from "./progress";
import { makeDirectory } from "./sync";
import type { Volume } from "./volume";

const heartbeatMilliseconds = 15_000;
const heartbeatName = "heartbeat";

/** A loader that has not been heard of for so long is dead, or will not be missed. */
const staleMilliseconds = 5 * 60_000;

/** A directory of this process alone, on the volume, that goes away with it. */
export class Staging {
  private timer: NodeJS.Timeout | undefined;

  private constructor(
    private readonly volume: Volume,
    private readonly directory: string,
    private readonly progress: Progress,
  ) {}

  /** @throws LoaderError with exit code 73 that names both identities where the volume cannot be written */
  static async make(volume: Volume, progress: Progress): Promise<Staging> {
    const name = `${hostname()}.${process.pid}.${Date.now()}.${randomBytes(4).toString("hex")}`;
    const staging = new Staging(volume, join(volume.stagingDirectory, name), progress);
    try {
      await refuseLinks(volume);
      await makeDirectory(volume.stagingDirectory);
      await mkdir(staging.directory, { mode: 0o755 });
      await mkdir(staging.tree, { mode: 0o755 });
      await staging.beat();
    } catch (error) {
      throw await explained(error, volume);
    }
    staging.timer = setInterval(() => {
      staging.beat().catch((error: unknown) => {
        progress.say(`warning: no sign of life on the volume: ${(error as Error).message}`);
      });
    }, heartbeatMilliseconds);
    return staging;
  }

  /** An empty directory for the model's files. */
  get tree(): string {
    return join(this.directory, "tree");
  }

  /** A name for a link that is to be renamed. */
  get link(): string {
    return join(this.directory, "link");
  }

  /** Removes it, and what is in it. Where that fails it goes stale, which changes nothing about how the loader ends. */
  async remove(): Promise<void> {
    clearInterval(this.timer);
    try {
      // A heartbeat, or the file of a transfer that was stopped, may come into being meanwhile.
      await rm(this.directory, { recursive: true, force: true, maxRetries: 3 });
    } catch (error) {
      this.progress.say(`warning: left for a later loader to remove: ${(error as Error).message}`);
    }
  }

  /**
   * Removes what loaders have left that died.
   *
   * @returns how many bytes those hold that may be alive
   */
  async removeStale(): Promise<number> {
    // The volume's own clock, which may differ from this machine's.
    const now = await this.beat();
    let inUse = 0;
    for (const name of await readdir(this.volume.stagingDirectory)) {
      const other = join(this.volume.stagingDirectory, name);
      if (other === this.directory) continue;
      if (now - (await lastBeat(other)) < staleMilliseconds) {
        inUse += await bytesIn(other);
        continue;
      }
      // A rename of what the other one would publish fails from here on, so that it never publishes a half of it.
      const grave = join(this.directory, "stale");
      try {
        await rename(other, grave);
      } catch (error) {
        if (isErrno(error, "ENOENT")) continue;
        throw error;
      }
      await rm(grave, { recursive: true, force: true });
      this.progress.say(`removed ${name}, left by a loader that has ended`);
    }
    return inUse;
  }

  /** Gives a sign of life. @returns the time by the volume's clock, in milliseconds */
  private async beat(): Promise<number> {
    const path = join(this.directory, heartbeatName);
    await writeFile(path, `${process.pid}\n`);
    return (await stat(path)).mtimeMs;
  }
}

/** The loader's own directory is made by it: a link there would lead its writes elsewhere. */
async function refuseLinks(volume: Volume): Promise<void> {
  for (const path of [join(volume.path, privateDirectory), volume.stagingDirectory]) {
    try {
      if ((await lstat(path)).isDirectory()) continue;
    } catch (error) {
      if (isErrno(error, "ENOENT")) return;
      throw error;
    }
    throw new LoaderError(
      ExitCode.CannotWrite,
      `${path} is not a directory, and the loader's own is to be there; move it away`,
    );
  }
}

async function explained(error: unknown, { path }: Volume): Promise<unknown> {
  if (!isErrno(error, "EACCES", "EPERM", "EROFS")) return error;
  const { uid, gid, mode } = await stat(path);
  const own = `user ${process.getuid?.() ?? "?"}, group ${process.getgid?.() ?? "?"}`;
  return new LoaderError(
    ExitCode.CannotWrite,
    `${own} cannot write to the volume ${path}, which belongs to user ${uid}, group ${gid} with mode ${(mode & 0o7777).toString(8)} (${(error as Error).message}); set the pod's fsGroup, or the storage class's uid and gid, to the loader's`,
    { cause: error },
  );
}

/** When a loader was last heard of: by its heartbeat, or by its directory where it died before the first. */
async function lastBeat(directory: string): Promise<number> {
  for (const path of [join(directory, heartbeatName), directory]) {
    try {
      return (await lstat(path)).mtimeMs;
    } catch (error) {
      if (!isErrno(error, "ENOENT", "ENOTDIR")) throw error;
    }
  }
  return Infinity;
}

async function bytesIn(path: string): Promise<number> {
  let bytes = 0;
  try {
    for (const entry of await readdir(path, { withFileTypes: true })) {
      const inner = join(path, entry.name);
      bytes += entry.isDirectory() ? await bytesIn(inner) : (await lstat(inner)).size;
    }
  } catch (error) {
    // Its owner is at work, and may be moving it away right now.
    if (!isErrno(error, "ENOENT", "ENOTDIR")) throw error;
  }
  return bytes;
}

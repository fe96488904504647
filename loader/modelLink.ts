import type { Stats } from "node:fs";
import { lstat, readlink, rename, symlink } from "node:fs/promises";
import { dirname, join, normalize, relative } from "node:path";
import { ExitCode, privateDirectory } from "../plan/population";
import { isErrno, LoaderError } from "./errors";
import { makeDirectory, syncDirectory } from "./sync";
import type { Volume } from "./volume";

/** The model's path on the volume: a link to one of its revisions, which servers follow. */
export class ModelLink {
  private readonly location: string;

  /** @param path - relative to the volume */
  constructor(
    private readonly volume: Volume,
    private readonly path: string,
  ) {
    this.location = join(volume.path, path);
  }

  /**
   * Refuses a path where something lies that the loader did not make.
   *
   * @returns the revision's directory that it leads to now, if any
   * @throws LoaderError with exit code 73
   */
  async target(): Promise<string | undefined> {
    const parts = this.path.split("/");
    for (let depth = 1; depth < parts.length; depth++) {
      const parent = parts.slice(0, depth).join("/");
      const status = await lstatIfThere(join(this.volume.path, parent));
      if (status === undefined) return undefined;
      if (!status.isDirectory()) {
        throw this.occupied(`${JSON.stringify(parent)} on the way to it is no directory`);
      }
    }
    const status = await lstatIfThere(this.location);
    if (status === undefined) return undefined;
    if (!status.isSymbolicLink()) {
      throw this.occupied("something that the loader did not make is there");
    }
    const target = normalize(join(dirname(this.location), await readlink(this.location)));
    if (!target.startsWith(join(this.volume.path, privateDirectory, "revisions", "/"))) {
      throw this.occupied("a link that the loader did not make is there");
    }
    return target;
  }

  /**
   * Makes the path lead to a revision, in one step: who opens it gets either the one before or this one.
   *
   * @param temporary - a free name on the same volume
   */
  async pointTo(revision: string, temporary: string): Promise<void> {
    if ((await this.target()) === revision) return;
    const parent = dirname(this.location);
    await makeDirectory(parent);
    // Relative, because servers mount the volume elsewhere.
    await symlink(relative(parent, revision), temporary);
    await rename(temporary, this.location);
    await syncDirectory(parent);
  }

  private occupied(why: string): LoaderError {
    return new LoaderError(
      ExitCode.CannotWrite,
      `the model's path ${JSON.stringify(this.path)} on the volume is occupied: ${why}; choose another path or move it away`,
    );
  }
}

async function lstatIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return undefined;
    throw error;
  }
}

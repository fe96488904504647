import { existsSync } from "node:fs";
import { constants, lstat, open, rename } from "node:fs/promises";
import { join } from "node:path";
import { manifestName, type Manifest, type ManifestFile, type Selection } from "../plan/population";
import { isErrno } from "./errors";
import { syncDirectory } from "./sync";

const largestManifest = 64 * 1024 * 1024;

/** Writes the commit record of a directory whose files are all on the disk. */
export async function writeManifest(directory: string, manifest: Manifest): Promise<void> {
  const temporary = join(directory, `${manifestName}.partial`);
  const handle = await open(temporary, "wx", 0o644);
  try {
    await handle.writeFile(`${JSON.stringify(manifest, undefined, 2)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, join(directory, manifestName));
  await syncDirectory(directory);
}

/**
 * The manifest of a directory that has what it states: this revision, this selection, and every file in its size.
 *
 * @returns nothing where the directory is absent or anything in it is not right
 */
export async function wholeManifest(
  directory: string,
  revision: string,
  selection: Selection,
): Promise<Manifest | undefined> {
  const manifest = await readManifest(directory);
  if (manifest === undefined || manifest.revision !== revision) return undefined;
  if (JSON.stringify(manifest.selection) !== JSON.stringify(selection)) return undefined;
  const present = await Promise.all(manifest.files.map((file) => isPresent(directory, file)));
  return present.every(Boolean) ? manifest : undefined;
}

/** A revision that lies on the volume, whole. */
export interface WholeRevision {
  /** Its directory. */
  readonly place: string;
  readonly manifest: Manifest;
}

/**
 * Looks for a revision.
 *
 * @param places - where it may lie; the first one that does not exist is the last one that is looked at
 */
export async function findWhole(
  places: Iterable<string>,
  revision: string,
  selection: Selection,
): Promise<WholeRevision | undefined> {
  for (const place of places) {
    const manifest = await wholeManifest(place, revision, selection);
    if (manifest !== undefined) return { place, manifest };
    if (!existsSync(place)) return undefined;
  }
  return undefined;
}

async function isPresent(directory: string, { path, size }: ManifestFile): Promise<boolean> {
  try {
    const status = await lstat(join(directory, path));
    return status.isFile() && status.size === size;
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return false;
    throw error;
  }
}

/** Opened, not only looked at: a network file system then asks its server, and not its memory. */
async function readManifest(directory: string): Promise<Manifest | undefined> {
  try {
    const handle = await open(
      join(directory, manifestName),
      constants.O_RDONLY | constants.O_NOFOLLOW,
    );
    try {
      if ((await handle.stat()).size > largestManifest) return undefined;
      return asManifest(await handle.readFile("utf8"));
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR", "ELOOP", "EISDIR")) return undefined;
    throw error;
  }
}

function asManifest(text: string): Manifest | undefined {
  let value: Partial<Manifest> | null;
  try {
    value = JSON.parse(text) as Partial<Manifest> | null;
  } catch {
    // What is no JSON is no commit record, however it came about.
    return undefined;
  }
  const isWhole =
    value?.schema === 1 &&
    typeof value.revision === "string" &&
    typeof value.bytes === "number" &&
    Array.isArray(value.files) &&
    value.files.length > 0 &&
    value.files.every(isManifestFile);
  return isWhole ? (value as Manifest) : undefined;
}

function isManifestFile(value: unknown): boolean {
  const file = value as Partial<ManifestFile> | null;
  return (
    typeof file?.path === "string" &&
    typeof file.size === "number" &&
    typeof file.sha256 === "string" &&
    /^[0-9a-f]{64}$/.test(file.sha256)
  );
}

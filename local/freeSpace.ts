import { existsSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { dirname } from "node:path";

const gibibyte = 2 ** 30;

/**
 * Refuses to begin what the disk has no room for.
 *
 * @param folder - where it will be; need not exist yet
 * @param needed - GiB
 * @param what - what takes that much, for people
 * @throws Error that says what is missing where, and what to do
 */
export async function requireFreeSpace(
  folder: string,
  needed: number,
  what: string,
): Promise<void> {
  let existing = folder;
  while (!existsSync(existing)) existing = dirname(existing);
  const { bavail, bsize } = await statfs(existing);
  const free = (bavail * bsize) / gibibyte;
  if (free >= needed) return;
  throw new Error(
    `${folder}: ${what} needs ${needed} GiB of free disk, and that file system has ${free.toFixed(1)} GiB; ` +
      "free some, or name a folder on a roomier one in XDG_CACHE_HOME",
  );
}

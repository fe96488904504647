import { mkdir, open, readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isErrno } from "./errors";

/** Puts a directory's entries on the disk, so that a power loss does not forget them. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } catch (error) {
    // Some network file systems have no such thing for directories: their server has them on the disk already.
    if (!isErrno(error, "EINVAL", "ENOTSUP")) throw error;
  } finally {
    await handle.close();
  }
}

/** Puts a directory's entries, and those of all directories in it, on the disk. */
export async function syncTree(path: string): Promise<void> {
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (entry.isDirectory()) await syncTree(join(path, entry.name));
  }
  await syncDirectory(path);
}

/** Makes a directory and those that lead to it, and puts them on the disk. */
export async function makeDirectory(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o755 });
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) {
    await syncDirectory(made);
  }
  await syncDirectory(dirname(first));
}

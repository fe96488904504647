import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/**
 * The folder at `path`, made by `build` unless it exists. It is built in a folder beside it and renamed when complete,
 * so that two builds may run at once and an interrupted one leaves nothing that looks finished.
 *
 * @returns `path`
 */
export async function cacheEntry(
  path: string,
  build: (folder: string) => Promise<void>,
): Promise<string> {
  if (existsSync(path)) return path;
  await mkdir(dirname(path), { recursive: true });
  const folder = await mkdtemp(join(dirname(path), `.${basename(path)}-`));
  try {
    // Others than its maker read it too, such as the users that containers run as.
    await chmod(folder, 0o755);
    await build(folder);
    await rename(folder, path);
  } catch (error) {
    // Another build of the same thing may have been quicker.
    if (!existsSync(path)) throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return path;
}

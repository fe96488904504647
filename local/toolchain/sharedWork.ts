import { existsSync, readdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { stateId } from "../paths";
import { alone } from "../alone";
import { cacheEntry } from "../cacheEntry";
import type { Progress } from "../progress";

/** How long to wait for another process in silence, in milliseconds. */
const silence = 3000;

/**
 * The folder at `path`, made by `make` unless it exists. Of several processes that want it at once, one makes it and the
 * others wait; should that one be killed, the next takes over.
 *
 * @param name - what it is, for people
 * @returns `path`
 */
export async function sharedWork(
  name: string,
  path: string,
  progress: Progress,
  make: (folder: string) => Promise<void>,
): Promise<string> {
  if (existsSync(path)) return path;
  const notice = setTimeout(() => {
    progress.line(`${name}: waiting for the process that is making it`);
  }, silence);
  try {
    return await alone(`make-${stateId(path)}`, () => {
      clearTimeout(notice);
      removeLeftovers(path);
      return cacheEntry(path, make);
    });
  } finally {
    clearTimeout(notice);
  }
}

/** Removes what makers that were killed left beside `path`. */
function removeLeftovers(path: string): void {
  const folder = dirname(path);
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    if (name.startsWith(`.${basename(path)}-`))
      rmSync(join(folder, name), { recursive: true, force: true, maxRetries: 3 });
  }
}

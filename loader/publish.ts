import { rename } from "node:fs/promises";
import { dirname } from "node:path";
import type { Manifest } from "../plan/population";
import { isErrno } from "./errors";
import { wholeManifest, writeManifest } from "./manifest";
import type { Staging } from "./staging";
import { makeDirectory, syncDirectory, syncTree } from "./sync";

/**
 * Turns what was fetched into an immutable revision, once: of two loaders that come at the same time one is the first,
 * and the other one takes the first one's when it is whole.
 *
 * @param places - where the revision may lie, best first
 * @returns where it lies
 */
export async function publish(
  staging: Staging,
  manifest: Manifest,
  places: Iterable<string>,
): Promise<string> {
  await syncTree(staging.tree);
  await writeManifest(staging.tree, manifest);
  for (const place of places) {
    await makeDirectory(dirname(place));
    try {
      await rename(staging.tree, place);
    } catch (error) {
      if (!isErrno(error, "ENOTEMPTY", "EEXIST", "ENOTDIR")) throw error;
      if (await wholeManifest(place, manifest.revision, manifest.selection)) return place;
      continue;
    }
    await syncDirectory(dirname(place));
    return place;
  }
  throw new Error("there is no place for the revision");
}

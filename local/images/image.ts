import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cacheDirectory } from "../paths";
import { cacheEntry } from "../cacheEntry";
import { unpackDebianPackages } from "./debianPackages";
import { packImage, type ImageConfiguration } from "./oci";

/** How an image is made. */
export interface Recipe {
  /** Its full name, with its tag. */
  readonly name: string;
  /** Packages of Debian; what they depend on is named too, or left out on purpose. */
  readonly packages: readonly string[];
  readonly configuration: ImageConfiguration;
  /** The program that says all this, so that a change of it makes another image. */
  readonly source: string;
  /** Puts the finishing touches to the unpacked packages. */
  readonly finish: (root: string) => Promise<void>;
}

/** An image, ready to be imported. */
export interface Image {
  readonly name: string;
  /** Path of an OCI archive. */
  readonly archive: string;
  /** Digest of its manifest. */
  readonly digest: string;
  /** Folder with the files of its layer. */
  readonly root: string;
}

/** The image that a recipe describes: from the cache, or made now. */
export async function ensureImage(recipe: Recipe): Promise<Image> {
  const [label = ""] = recipe.name.split("/").slice(-1);
  const key = createHash("sha256");
  for (const source of [recipe.source, join(__dirname, "oci.ts"), __filename]) {
    key.update(await readFile(source));
  }
  const folder = join(
    cacheDirectory(),
    "images",
    `${label.replace(":", "-")}-${key.digest("hex").slice(0, 12)}`,
  );
  await cacheEntry(folder, async (building) => {
    const root = join(building, "root");
    const versions = await unpackDebianPackages(recipe.packages, root);
    await recipe.finish(root);
    const digest = await packImage(
      root,
      recipe.name,
      { ...recipe.configuration, Labels: { "modelstore/debian-packages": versions.join(" ") } },
      join(building, "image.tar"),
    );
    await writeFile(join(building, "digest"), digest);
  });
  return {
    name: recipe.name,
    archive: join(folder, "image.tar"),
    digest: await readFile(join(folder, "digest"), "utf8"),
    root: join(folder, "root"),
  };
}

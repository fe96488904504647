import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, mkdtemp, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { run } from "../runProgram";

/**
 * How a container of an image starts.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md
 */
export interface ImageConfiguration {
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Env?: readonly string[];
  readonly User?: string;
  readonly WorkingDir?: string;
  readonly Labels?: Readonly<Record<string, string>>;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

// The same tree has to give the same bytes, whoever unpacked it and whenever.
const reproducibly = [
  "--sort=name",
  "--format=gnu",
  "--mtime=@0",
  "--owner=0",
  "--group=0",
  "--numeric-owner",
];

/**
 * Packs the folder `root` as an OCI image of one uncompressed layer, in an archive that `ctr images import` takes. All
 * files belong to root; the same folder and configuration give the same bytes.
 *
 * @param name - full name of the image, with its tag
 * @returns the digest by which a container runtime knows the image
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
 */
export async function packImage(
  root: string,
  name: string,
  configuration: ImageConfiguration,
  archive: string,
): Promise<string> {
  const layout = await mkdtemp(join(dirname(archive), ".layout-"));
  try {
    const blobs = join(layout, "blobs", "sha256");
    await mkdir(blobs, { recursive: true });

    const add = async (path: string, mediaType: string): Promise<Descriptor> => {
      const hash = createHash("sha256");
      await pipeline(createReadStream(path), hash);
      const hex = hash.digest("hex");
      const { size } = await stat(path);
      await rename(path, join(blobs, hex));
      return { mediaType, digest: `sha256:${hex}`, size };
    };
    const addJson = async (content: unknown, mediaType: string): Promise<Descriptor> => {
      const path = join(layout, "content.json");
      await writeFile(path, JSON.stringify(content));
      return add(path, mediaType);
    };

    const layerTar = join(layout, "layer.tar");
    await run("tar", [...reproducibly, "--create", "--file", layerTar, "--directory", root, "."]);
    const layer = await add(layerTar, "application/vnd.oci.image.layer.v1.tar");
    const config = await addJson(
      {
        architecture: "amd64",
        os: "linux",
        config: configuration,
        rootfs: { type: "layers", diff_ids: [layer.digest] },
      },
      "application/vnd.oci.image.config.v1+json",
    );
    const mediaType = "application/vnd.oci.image.manifest.v1+json";
    const manifest = await addJson(
      { schemaVersion: 2, mediaType, config, layers: [layer] },
      mediaType,
    );
    await writeFile(
      join(layout, "index.json"),
      JSON.stringify({
        schemaVersion: 2,
        manifests: [{ ...manifest, annotations: { "io.containerd.image.name": name } }],
      }),
    );
    await writeFile(join(layout, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
    const entries = ["blobs", "index.json", "oci-layout"];
    await run("tar", [
      ...reproducibly,
      "--create",
      "--file",
      archive,
      "--directory",
      layout,
      ...entries,
    ]);
    return manifest.digest;
  } finally {
    await rm(layout, { recursive: true, force: true });
  }
}

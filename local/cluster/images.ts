import { run } from "../runProgram";
import type { ImageArchive } from "./settings";

const ctr = (...args: string[]): Promise<string> => run("ctr", ["--namespace", "k8s.io", ...args]);

interface OciIndex {
  readonly manifests: readonly {
    readonly digest: string;
    readonly annotations?: Readonly<Record<string, string>>;
  }[];
}

/** Imports the images that containerd does not have yet, or has in another version under the same name. */
export async function importImages(archives: readonly ImageArchive[]): Promise<void> {
  const present = await digests();
  for (const { name, archive } of archives) {
    if (present.get(name) === (await digestIn(archive, name))) continue;
    await ctr("images", "import", archive);
    if (!(await digests()).has(name)) {
      throw new Error(
        `${archive}: got an archive without the image ${JSON.stringify(name)}; ` +
          "it needs that name as annotation io.containerd.image.name in its index.json",
      );
    }
  }
}

/** The digests of containerd's images by their names. */
async function digests(): Promise<Map<string, string>> {
  const [, ...rows] = (await ctr("images", "list")).trim().split("\n");
  return new Map(
    rows.map((row) => {
      const [name = "", , digest = ""] = row.split(/\s+/);
      return [name, digest];
    }),
  );
}

/** The digest of the named image in an OCI archive. */
async function digestIn(archive: string, name: string): Promise<string | undefined> {
  const index = JSON.parse(
    await run("tar", ["--extract", "--to-stdout", "--file", archive, "index.json"]),
  ) as OciIndex;
  return index.manifests.find(
    ({ annotations }) => annotations?.["io.containerd.image.name"] === name,
  )?.digest;
}

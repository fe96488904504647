import { createHash } from "node:crypto";

/** How a file of a repository is stored: in git itself, or as a pointer to large file storage. */
export interface Blob {
  /** Git's id of the blob: of the file's own bytes, or of the pointer's for a file in large file storage. */
  readonly oid: string;
  /** The file's own size, in bytes. */
  readonly size: number;
  /** Set for a file in large file storage. */
  readonly lfs?: LargeFile;
}

/** A file in large file storage. */
export interface LargeFile {
  /** SHA-256 of the file's bytes, in hexadecimal. */
  readonly oid: string;
  /** The file's size, in bytes. */
  readonly size: number;
  /** The size of the pointer that git keeps instead, in bytes. */
  readonly pointerSize: number;
}

/** One line of a listing. */
export type TreeEntry =
  | ({ readonly type: "file"; readonly path: string } & Blob)
  | { readonly type: "directory"; readonly path: string; readonly oid: string; readonly size: 0 };

/** A commit's id, and everything in its tree in the order of the paths. */
export interface Tree {
  readonly commit: string;
  readonly entries: readonly TreeEntry[];
}

/** The files that the public hub keeps in large file storage, by their ending. */
const LARGE_FILE_ENDING =
  /\.(safetensors|bin|pt|pth|ckpt|onnx|gguf|h5|msgpack|npy|npz|pkl|pickle|model|tar|gz|zip|zst|7z|parquet|arrow)$/;

/** Plain git files above this size are refused by the public hub. */
const LARGEST_PLAIN_FILE = 10 * 1024 * 1024;

/** Whether the hub keeps a file in large file storage. */
export function isLargeFile(path: string, size: number): boolean {
  return LARGE_FILE_ENDING.test(path) || size > LARGEST_PLAIN_FILE;
}

/** Hashes a file's bytes as git and the hub do. */
export async function hashBlob(
  bytes: AsyncIterable<Uint8Array>,
  size: number,
  large: boolean,
): Promise<Blob> {
  const hash = large ? createHash("sha256") : createHash("sha1").update(`blob ${size}\0`);
  for await (const chunk of bytes) hash.update(chunk);
  const digest = hash.digest("hex");
  if (!large) return { oid: digest, size };
  const pointer = Buffer.from(
    `version https://git-lfs.github.com/spec/v1\noid sha256:${digest}\nsize ${size}\n`,
  );
  return {
    oid: gitObjectId("blob", pointer),
    size,
    lfs: { oid: digest, size, pointerSize: pointer.length },
  };
}

/**
 * Makes the tree and the commit of a set of files.
 * The commit names no author and no time, so that its id depends on nothing but the files.
 */
export function makeTree(files: ReadonlyMap<string, Blob>): Tree {
  const entries: TreeEntry[] = [];
  const root = addFolder("", files, entries);
  entries.sort((a, b) => (a.path < b.path ? -1 : 1));
  return { commit: gitObjectId("commit", Buffer.from(`tree ${root}\n\n`)), entries };
}

/** Appends what is under `folder` ("" or ending in "/") to `entries`; returns the folder's own id. */
function addFolder(folder: string, files: ReadonlyMap<string, Blob>, entries: TreeEntry[]): string {
  const children = new Map<string, { sortKey: string; mode: string; oid: string }>();
  for (const [path, blob] of files) {
    if (!path.startsWith(folder)) continue;
    const [name = "", ...deeper] = path.slice(folder.length).split("/");
    if (deeper.length === 0) {
      entries.push({ type: "file", path, ...blob });
      children.set(name, { sortKey: name, mode: "100644", oid: blob.oid });
    } else if (!children.has(name)) {
      const oid = addFolder(`${folder}${name}/`, files, entries);
      entries.push({ type: "directory", path: folder + name, oid, size: 0 });
      children.set(name, { sortKey: `${name}/`, mode: "40000", oid });
    }
  }
  const lines = [...children]
    .sort(([, a], [, b]) => Buffer.compare(Buffer.from(a.sortKey), Buffer.from(b.sortKey)))
    .map(([name, { mode, oid }]) =>
      Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(oid, "hex")]),
    );
  return gitObjectId("tree", Buffer.concat(lines));
}

function gitObjectId(type: "blob" | "tree" | "commit", content: Buffer): string {
  return createHash("sha1").update(`${type} ${content.length}\0`).update(content).digest("hex");
}

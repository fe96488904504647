import { Refusal, sendJson, type Exchange } from "./answer";
import type { TreeEntry } from "./gitObjects";
import type { Commit, Repository } from "./repositories";

/** Lines on one page of a tree, as the public hub has it; with `expand`, which costs it more, fewer. */
const PAGE = 1000;
const EXPANDED_PAGE = 50;

/** `GET /api/models/O/M[/revision/REV]`: the commit that a revision stands for, and the files in it. */
export function sendModelInfo(exchange: Exchange, repository: Repository, commit: Commit): void {
  const files = listed(exchange, commit).filter((entry) => entry.type === "file");
  const withBlobs = isTrue(exchange.url.searchParams.get("blobs"));
  sendJson(exchange, 200, {
    _id: commit.commit.slice(0, 24),
    id: repository.id,
    modelId: repository.id,
    author: repository.id.split("/")[0],
    sha: commit.commit,
    lastModified: commit.date,
    createdAt: commit.date,
    private: repository.access.private ?? false,
    gated: repository.access.gated === true ? "manual" : false,
    disabled: false,
    downloads: 0,
    likes: 0,
    tags: [],
    usedStorage: files.reduce((sum, file) => sum + file.size, 0),
    siblings: files.map((file) => ({
      rfilename: file.path,
      ...(withBlobs && {
        size: file.size,
        blobId: file.oid,
        ...(file.lfs && {
          lfs: { sha256: file.lfs.oid, size: file.lfs.size, pointerSize: file.lfs.pointerSize },
        }),
      }),
    })),
  });
}

/** `GET /api/models/O/M/tree/REV[/FOLDER]?recursive&expand&limit&cursor`: a folder's entries, page by page. */
export function sendTree(exchange: Exchange, commit: Commit, folder: string): void {
  const query = exchange.url.searchParams;
  const entries = listed(exchange, commit);
  if (folder !== "" && !entries.some(({ type, path }) => type === "directory" && path === folder)) {
    throw new Refusal(404, `${folder} does not exist on this revision`, "EntryNotFound");
  }
  const prefix = folder === "" ? "" : `${folder}/`;
  const recursive = isTrue(query.get("recursive"));
  const inFolder = entries.filter(
    ({ path }) =>
      path.startsWith(prefix) && (recursive || !path.slice(prefix.length).includes("/")),
  );

  const expand = isTrue(query.get("expand"));
  const limit = Number(query.get("limit") ?? (expand ? EXPANDED_PAGE : PAGE));
  if (!Number.isInteger(limit) || limit < 1 || limit > PAGE) {
    throw new Refusal(400, `"limit" must be a whole number from 1 to ${PAGE}`);
  }
  const start = startOfPage(query.get("cursor"), inFolder);
  const page = inFolder.slice(start, start + limit);
  const headers: Record<string, string> = {};
  const last = page.at(-1);
  if (last !== undefined && start + limit < inFolder.length) {
    const next = new URL(exchange.url);
    next.searchParams.set("cursor", Buffer.from(last.path).toString("base64url"));
    headers["Link"] = `<${next.href}>; rel="next"`;
  }
  sendJson(
    exchange,
    200,
    page.map((entry) => describe(entry, commit, expand)),
    headers,
  );
}

/** `POST /api/models/O/M/paths-info/REV`: the entries asked for; a path that does not exist is left out. */
export function sendPathsInfo(
  exchange: Exchange,
  commit: Commit,
  paths: readonly string[],
  expand: boolean,
): void {
  const wanted = new Set(paths);
  const entries = listed(exchange, commit).filter(({ path }) => wanted.has(path));
  sendJson(
    exchange,
    200,
    entries.map((entry) => describe(entry, commit, expand)),
  );
}

/** The commit's entries, with the lies that faults demand. */
function listed(exchange: Exchange, commit: Commit): readonly TreeEntry[] {
  const lies = exchange.faults.listing(exchange.target);
  if (lies.length === 0) return commit.entries;
  return commit.entries.map((entry) => {
    const lie = lies.find(({ file }) => file === entry.path);
    if (lie === undefined || entry.type === "directory") return entry;
    const { path = entry.path, size = entry.size } = lie;
    return entry.lfs === undefined
      ? { ...entry, path, size, oid: lie.hash ?? entry.oid }
      : { ...entry, path, size, lfs: { ...entry.lfs, size, oid: lie.hash ?? entry.lfs.oid } };
  });
}

function describe(entry: TreeEntry, commit: Commit, expand: boolean): object {
  if (!expand) return entry;
  return { ...entry, lastCommit: { id: commit.commit, title: "Commit", date: commit.date } };
}

function startOfPage(cursor: string | null, entries: readonly TreeEntry[]): number {
  if (cursor === null) return 0;
  const after = Buffer.from(cursor, "base64url").toString();
  return entries.findIndex(({ path }) => path === after) + 1;
}

/** Clients send "true", "True" or "1". */
function isTrue(value: string | null): boolean {
  return value !== null && /^(true|1)$/i.test(value);
}

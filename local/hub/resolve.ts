import { Refusal, sendHeaders, type Exchange } from "./answer";
import { sendContent } from "./content";
import type { Links } from "./links";
import type { Commit, Repositories, Repository } from "./repositories";

/** `GET /O/M/resolve/REV/FILE`: a plain file's bytes, or the way to a large one's. */
export async function sendFile(
  exchange: Exchange,
  repositories: Repositories,
  repository: Repository,
  commit: Commit,
  path: string,
  cdn: { readonly links: Links; readonly port: number },
): Promise<void> {
  const entry = commit.entries.find((each) => each.type === "file" && each.path === path);
  const headers = { "X-Repo-Commit": commit.commit };
  if (entry?.type !== "file") {
    throw new Refusal(404, "Entry not found", "EntryNotFound", headers);
  }
  if (entry.lfs === undefined) {
    const file = repositories.file(repository.id, commit.commit, path);
    await sendContent(exchange, file, `"${entry.oid}"`, headers);
    return;
  }
  // Another origin, as the public hub's network is: clients take the headers from this answer and follow to another host.
  const link = ["repos", repository.id, commit.commit, path]
    .flatMap((part) => part.split("/"))
    .map(encodeURIComponent)
    .join("/");
  const etag = exchange.etag ?? `"${entry.lfs.oid}"`;
  sendHeaders(exchange, 302, {
    ...headers,
    "Accept-Ranges": "bytes",
    ETag: etag,
    "X-Linked-ETag": etag,
    "X-Linked-Size": entry.lfs.size,
    Location: `http://${exchange.url.hostname}:${cdn.port}${cdn.links.sign(`/${link}`)}`,
  });
}

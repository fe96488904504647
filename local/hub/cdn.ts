import { Refusal, type Exchange } from "./answer";
import { sendContent } from "./content";
import type { Links } from "./links";
import type { Repositories } from "./repositories";

/** Answers what is asked of the content delivery network: the large files that the hub gave out links to. */
export async function answerCdn(
  exchange: Exchange,
  repositories: Repositories,
  links: Links,
): Promise<void> {
  const { request, segments, url } = exchange;
  if (request.method !== "GET" && request.method !== "HEAD") {
    throw new Refusal(405, `${request.method ?? ""} is not answered here`);
  }
  // Object stores refuse a second kind of credentials beside the link's own.
  if (exchange.token !== undefined) {
    throw new Refusal(400, "Only one auth mechanism allowed; send no Authorization to this host");
  }
  const [folder, organization, name, commitId, ...path] = segments;
  if (folder !== "repos" || commitId === undefined || !links.isGood(url)) {
    throw new Refusal(403, "The link is not one of this hub's, or its time is over");
  }
  const id = `${organization ?? ""}/${name ?? ""}`;
  const repository = await repositories.find(id);
  const commit = repository && (await repositories.resolve(repository, commitId));
  const entry = commit?.entries.find((each) => each.path === path.join("/"));
  if (entry?.type !== "file" || entry.lfs === undefined) throw new Refusal(404, "No such object");
  const file = repositories.file(id, commitId, entry.path);
  await sendContent(exchange, file, `"${entry.lfs.oid}"`, {});
}

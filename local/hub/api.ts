import type { IncomingMessage } from "node:http";
import { readable, refuseInvalid } from "./access";
import { Refusal, sendJson, type Exchange } from "./answer";
import type { Links } from "./links";
import { sendModelInfo, sendPathsInfo, sendTree } from "./listing";
import type { Commit, Repositories, Repository } from "./repositories";
import { parseJson, readBody } from "./requestBody";
import { sendFile } from "./resolve";

/** What the hub's own server answers from. */
export interface HubBackend {
  readonly repositories: Repositories;
  readonly links: Links;
  /** The port of the content delivery network. */
  readonly cdnPort: number;
}

/** The branch that is meant where none is named. */
const DEFAULT_BRANCH = "main";

/** Answers what is asked of the hub itself: its API, and the files of its repositories. */
export async function answerHub(exchange: Exchange, hub: HubBackend): Promise<void> {
  refuseInvalid(exchange.log.authorization);
  const [first, ...rest] = exchange.segments;
  if (first === "api" && rest[0] === "whoami-v2") {
    sendWhoAmI(exchange);
  } else if (first === "api" && rest[0] === "models" && rest.length >= 3) {
    await answerModelApi(exchange, hub, rest.slice(1));
  } else if (rest[1] === "resolve" && rest.length >= 4) {
    await answerResolve(exchange, hub);
  } else {
    throw new Refusal(404, "Sorry, we can't find the page you are looking for.");
  }
}

function sendWhoAmI(exchange: Exchange): void {
  if (exchange.token === undefined) throw new Refusal(401, "Invalid username or password.");
  sendJson(exchange, 200, {
    type: "user",
    id: "0".repeat(24),
    name: "reader",
    fullname: "Reader",
    orgs: [],
    auth: { type: "access_token", accessToken: { displayName: "read", role: "read" } },
  });
}

async function answerModelApi(
  exchange: Exchange,
  { repositories }: HubBackend,
  [organization = "", name = "", what = "revision", revision, ...path]: readonly string[],
): Promise<void> {
  const id = `${organization}/${name}`;
  const repository = await readable(repositories, id, "listing", exchange.token);
  const commit = await revisionOf(repositories, repository, revision ?? DEFAULT_BRANCH);
  if (what === "revision") {
    requireMethod(exchange, "GET");
    sendModelInfo(exchange, repository, commit);
  } else if (what === "tree") {
    requireMethod(exchange, "GET");
    sendTree(exchange, commit, path.join("/"));
  } else if (what === "paths-info") {
    requireMethod(exchange, "POST");
    const { paths, expand } = await readPathsInfo(exchange.request);
    sendPathsInfo(exchange, commit, paths, expand);
  } else {
    throw new Refusal(404, "Sorry, we can't find the page you are looking for.");
  }
}

async function answerResolve(exchange: Exchange, hub: HubBackend): Promise<void> {
  requireMethod(exchange, "GET");
  const [organization = "", name = "", , revision = "", ...path] = exchange.segments;
  const { repositories, links } = hub;
  const id = `${organization}/${name}`;
  const repository = await readable(repositories, id, "files", exchange.token);
  const commit = await revisionOf(repositories, repository, revision);
  const cdn = { links, port: hub.cdnPort };
  await sendFile(exchange, repositories, repository, commit, path.join("/"), cdn);
}

async function revisionOf(
  repositories: Repositories,
  repository: Repository,
  revision: string,
): Promise<Commit> {
  const commit = await repositories.resolve(repository, revision);
  if (commit === undefined) {
    throw new Refusal(404, `Invalid rev id: ${revision}`, "RevisionNotFound");
  }
  return commit;
}

function requireMethod({ request }: Exchange, method: "GET" | "POST"): void {
  const given = request.method === "HEAD" ? "GET" : request.method;
  if (given !== method) throw new Refusal(405, `${request.method ?? ""} is not answered here`);
}

/** The Python client sends a form, the JavaScript one JSON. */
async function readPathsInfo(
  request: IncomingMessage,
): Promise<{ readonly paths: readonly string[]; readonly expand: boolean }> {
  const body = await readBody(request);
  if (!body.trimStart().startsWith("{")) {
    const form = new URLSearchParams(body);
    return { paths: form.getAll("paths"), expand: /^true$/i.test(form.get("expand") ?? "") };
  }
  const { paths, expand } = parseJson(body) as { paths?: unknown; expand?: unknown };
  if (!Array.isArray(paths)) throw new Refusal(400, `"paths" must be a list of paths`);
  return { paths: paths.map(String), expand: expand === true };
}

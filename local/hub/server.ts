import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { authorization, bearerToken } from "./access";
import { Refusal, sendHeaders, sendRefusal, type Exchange } from "./answer";
import { pause } from "./content";
import type { Faults } from "./faults";
import type { Repositories } from "./repositories";
import type { RequestLog } from "./requests";

/** What both servers, the hub's own and the content delivery network's, have in common. */
export interface Frontend {
  readonly repositories: Repositories;
  /** Tokens of users beside those that repositories accept. */
  readonly tokens: readonly string[];
  readonly faults: Faults;
  readonly log: RequestLog;
}

/** Makes a listener that logs each request, lets faults strike, and answers the rest. */
export function listener(
  at: "hub" | "cdn",
  frontend: Frontend,
  answer: (exchange: Exchange) => Promise<void>,
): RequestListener {
  return (request, response) => {
    const url = `http://${request.headers.host ?? "localhost"}${request.url ?? ""}`;
    if (!URL.canParse(url)) {
      response.writeHead(400).end();
      return;
    }
    // Nothing waits for it: what fails in it is answered in it.
    void serve(at, frontend, answer, request, response, new URL(url));
  };
}

async function serve(
  at: "hub" | "cdn",
  { repositories, tokens, faults, log }: Frontend,
  answer: (exchange: Exchange) => Promise<void>,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  const token = bearerToken(request.headers.authorization);
  const target = { at, method: request.method ?? "", path: url.pathname };
  const entry = log.open({
    ...target,
    path: at === "cdn" ? url.pathname : url.pathname + url.search,
    ...(request.headers.range !== undefined && { range: request.headers.range }),
    bytesSent: 0,
    authorization: "none",
  });
  const answerable = { request, response, log: entry };
  try {
    entry.authorization = await authorization(repositories, tokens, token);
    const fault = faults.response(target);
    if (fault.latencyMs !== undefined) await pause(response, fault.latencyMs);
    const redirection = fault.redirectLoop === true ? url.href : fault.redirectTo;
    if (redirection !== undefined) {
      sendHeaders(answerable, 302, { Location: redirection });
    } else if (fault.status !== undefined) {
      throw new Refusal(fault.status, "The hub was told to fail here", undefined, fault.headers);
    } else {
      const segments = decode(url.pathname);
      await answer({ ...answerable, url, segments, target, faults, token, etag: fault.etag });
    }
  } catch (error) {
    const refusal =
      error instanceof Refusal
        ? error
        : new Refusal(500, `the hub failed: ${(error as Error).message}`);
    if (refusal !== error) console.error(error);
    if (response.headersSent) response.destroy();
    else sendRefusal(answerable, refusal);
  }
}

function decode(path: string): string[] {
  try {
    return path.slice(1).split("/").map(decodeURIComponent);
  } catch {
    throw new Refusal(400, `the path ${path} is not percent-encoded UTF-8`);
  }
}

/** Where a server listens; port 0 is any free one. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Starts a server; it is up when the promise resolves. */
export async function listen(
  handle: RequestListener,
  { host, port }: Address,
): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer(handle);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  return { server, port: (server.address() as AddressInfo).port };
}

/** Stops a server, and what it is in the middle of. */
export async function stop(server: Server): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.close((error) => {
      if (error) reject(error);
      else resolve();
    });
    server.closeAllConnections();
  });
}

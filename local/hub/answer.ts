import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { Faults, FaultTarget } from "./faults";
import type { OpenRequest } from "./requests";

/** A request and the way to answer it. */
export interface Answerable {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly log: OpenRequest;
}

/** A request that is to be answered, with what answering it takes. */
export interface Exchange extends Answerable {
  readonly url: URL;
  /** The path's parts, decoded. */
  readonly segments: readonly string[];
  readonly target: FaultTarget;
  readonly faults: Faults;
  /** The token sent, if any. */
  readonly token: string | undefined;
  /** An entity tag to send instead of the right one. */
  readonly etag: string | undefined;
}

/** The names that the hub gives to what it refuses, as in `X-Error-Code`. */
export type ErrorCode = "RepoNotFound" | "GatedRepo" | "RevisionNotFound" | "EntryNotFound";

/** A request that cannot be served, as the client is told. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly code?: ErrorCode,
    readonly headers: OutgoingHttpHeaders = {},
  ) {
    super(message);
  }
}

/** Answers with a JSON document. */
export function sendJson(
  { request, response, log }: Answerable,
  status: number,
  document: unknown,
  headers: OutgoingHttpHeaders = {},
): void {
  const body = Buffer.from(JSON.stringify(document));
  response.writeHead(status, {
    "Content-Type": "application/json; charset=utf-8",
    "Content-Length": body.length,
    ...headers,
  });
  log.status = status;
  if (request.method === "HEAD") {
    response.end();
  } else {
    log.bytesSent = body.length;
    response.end(body);
  }
}

/** Answers with nothing but a status and headers. */
export function sendHeaders(
  { response, log }: Answerable,
  status: number,
  headers: OutgoingHttpHeaders,
): void {
  response.writeHead(status, { "Content-Length": 0, ...headers });
  log.status = status;
  response.end();
}

/** Tells the client why it is not served. */
export function sendRefusal(exchange: Answerable, refusal: Refusal): void {
  sendJson(
    exchange,
    refusal.status,
    { error: refusal.message },
    {
      ...(refusal.code !== undefined && { "X-Error-Code": refusal.code }),
      "X-Error-Message": refusal.message,
      ...refusal.headers,
    },
  );
}

import http, { type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import https from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { PassingError } from "./errors";

/** An answer whose body is still to be read, whatever its status. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: IncomingMessage;
  /** Who answered, after redirections. */
  readonly url: URL;
}

/** A token, and the only origin that may see it. */
export interface Credentials {
  readonly origin: string;
  readonly token: string;
}

/** How long nothing may arrive before a connection counts as dead. */
export const stallMilliseconds = 30_000;

const mostRedirections = 5;
const longestPauseSeconds = 300;
const largestDocument = 64 * 1024 * 1024;

/** Asks over HTTP and HTTPS, keeps connections, and keeps the token from everybody but the source. */
export class HttpClient {
  private readonly plain = new http.Agent({ keepAlive: true });
  private readonly secure = new https.Agent({ keepAlive: true });
  private notBefore = 0;

  constructor(
    private readonly credentials: Credentials | undefined,
    private readonly stall = stallMilliseconds,
  ) {}

  /**
   * One GET, following redirections.
   *
   * @throws PassingError when nobody answers
   */
  async get(
    url: URL,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    await this.untilWelcome(signal);
    let target = url;
    for (let redirections = 0; redirections <= mostRedirections; redirections++) {
      const body = await this.request(target, headers, signal);
      const status = body.statusCode ?? 0;
      const location = body.headers.location;
      if (![301, 302, 303, 307, 308].includes(status) || location === undefined) {
        this.heedPause(status, body.headers);
        return { status, headers: body.headers, body, url: target };
      }
      body.resume();
      const next = URL.canParse(location, target.href) ? new URL(location, target) : undefined;
      if (next === undefined || !/^https?:$/.test(next.protocol)) {
        throw new PassingError(`${describeUrl(target)} redirects to something that is no address`);
      }
      if (target.protocol === "https:" && next.protocol === "http:") {
        throw new PassingError(
          `${describeUrl(target)} redirects to ${describeUrl(next)}, which is not encrypted`,
        );
      }
      target = next;
    }
    throw new PassingError(`${describeUrl(url)} redirects more than ${mostRedirections} times`);
  }

  /** Closes idle connections, so that the process can end. */
  close(): void {
    this.plain.destroy();
    this.secure.destroy();
  }

  private request(
    url: URL,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const encrypted = url.protocol === "https:";
    const own = url.origin === this.credentials?.origin;
    return new Promise((resolve, reject) => {
      const request = (encrypted ? https : http).get(
        url,
        {
          agent: encrypted ? this.secure : this.plain,
          signal,
          headers: {
            "User-Agent": "modelstore-loader",
            // Hashes and ranges are those of the bytes themselves.
            "Accept-Encoding": "identity",
            ...headers,
            ...(own && { Authorization: `Bearer ${this.credentials.token}` }),
          },
        },
        resolve,
      );
      request.setTimeout(this.stall, () => {
        request.destroy(new Error(`nothing arrived for ${this.stall / 1000} s`));
      });
      request.on("error", (error) => {
        reject(signal.aborted ? error : unreachable(url, error));
      });
    });
  }

  private async untilWelcome(signal: AbortSignal): Promise<void> {
    for (;;) {
      const milliseconds = this.notBefore - Date.now();
      if (milliseconds <= 0) return;
      // Spread, or all streams would come back at the same moment.
      await sleep(milliseconds * (1 + Math.random() / 10), undefined, { signal });
    }
  }

  /** When one stream is told to wait, all of them do. */
  private heedPause(status: number, headers: IncomingHttpHeaders): void {
    if (status !== 429 && status !== 503) return;
    const seconds = pauseSeconds(headers);
    if (seconds === undefined) return;
    this.notBefore = Math.max(
      this.notBefore,
      Date.now() + Math.min(seconds, longestPauseSeconds) * 1000,
    );
  }
}

/** How long a server asks to be left alone: `Retry-After`, or the Hub's `RateLimit: "api";r=0;t=55`. */
export function pauseSeconds(headers: IncomingHttpHeaders): number | undefined {
  const after = headers["retry-after"];
  if (after !== undefined) {
    if (/^\d+$/.test(after)) return Number(after);
    const date = Date.parse(after);
    return Number.isNaN(date) ? undefined : Math.max(0, (date - Date.now()) / 1000);
  }
  const limit = String(headers["ratelimit"] ?? "");
  const seconds = /(?:^|;)\s*r=0\s*;\s*t=(\d+)/.exec(limit)?.[1];
  return seconds === undefined ? undefined : Number(seconds);
}

/** Reads a JSON document. @throws PassingError where the body is none, or breaks off */
export async function readJson({ body, url }: HttpAnswer): Promise<unknown> {
  const text = await readText(body, url);
  try {
    return JSON.parse(text);
  } catch {
    throw new PassingError(`${describeUrl(url)} answers something that is not JSON`);
  }
}

async function readText(body: IncomingMessage, url: URL): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const part of body as AsyncIterable<Buffer>) {
      size += part.length;
      if (size > largestDocument) break;
      parts.push(part);
    }
  } catch (error) {
    throw unreachable(url, error as Error);
  }
  if (size > largestDocument) {
    throw new PassingError(`${describeUrl(url)} answers more than ${largestDocument} bytes`);
  }
  return Buffer.concat(parts).toString();
}

/** An address without its query, which may hold a signature. */
export function describeUrl(url: URL): string {
  return url.origin + url.pathname;
}

function unreachable(url: URL, error: Error): PassingError {
  return new PassingError(`${url.origin} cannot be reached: ${error.message || String(error)}`, {
    cause: error,
  });
}

import type { IncomingHttpHeaders } from "node:http";
import { ExitCode } from "../plan/population";
import { isCommit, type HuggingFaceSource } from "../plan/sources";
import { LoaderError, MismatchError, PassingError, RangeIgnoredError } from "./errors";
import { describeUrl, readJson, type HttpAnswer, type HttpClient } from "./http";
import { persistently } from "./backoff";
import type { ByteRange, ModelSource, SourceFile, Transfer } from "./source";

const mostPages = 1000;

/** A model repository of the Hugging Face Hub, or of a mirror that speaks its protocol. */
export class HuggingFace implements ModelSource {
  readonly directory: string;
  /** Where large files come from, once the Hub has said so; its redirections are rate-limited and take time. */
  private readonly links = new Map<string, URL>();

  /**
   * @param endpoint - without a `/` at its end
   * @param hasToken - whether `http` sends a token to the endpoint, for messages
   */
  constructor(
    private readonly source: HuggingFaceSource,
    private readonly endpoint: string,
    private readonly http: HttpClient,
    private readonly hasToken: boolean,
  ) {
    this.directory = source.repository;
  }

  async resolve(signal: AbortSignal): Promise<string> {
    const { repository, revision, pinned } = this.source;
    if (pinned) return revision;
    const url = new URL(
      `${this.endpoint}/api/models/${repository}/revision/${encodeURIComponent(revision)}`,
    );
    const { document } = await this.document(url, signal);
    const commit = (document as { sha?: unknown } | null)?.sha;
    if (typeof commit !== "string" || !isCommit(commit)) {
      throw new LoaderError(
        ExitCode.Unavailable,
        `${describeUrl(url)} names no commit; check that the endpoint speaks the Hub's protocol`,
      );
    }
    return commit;
  }

  async list(commit: string, signal: AbortSignal): Promise<readonly SourceFile[]> {
    const url = new URL(`${this.endpoint}/api/models/${this.source.repository}/tree/${commit}`);
    url.search = "?recursive=true&expand=false";
    const files: SourceFile[] = [];
    for (let page = 0; page < mostPages; page++) {
      const { document, headers } = await this.document(url, signal);
      files.push(...parseTree(document, url));
      const next = /<([^>]*)>\s*;\s*rel="?next"?/.exec(String(headers["link"] ?? ""))?.[1];
      if (next === undefined) return files;
      // Only its query: a mirror passes the Hub's own address on, and the token is not for others.
      url.search = new URL(next, url).search;
    }
    throw new LoaderError(
      ExitCode.Unavailable,
      `${describeUrl(url)} has more than ${mostPages} pages`,
    );
  }

  async open(
    commit: string,
    file: SourceFile,
    range: ByteRange | undefined,
    signal: AbortSignal,
  ): Promise<Transfer> {
    const path = file.path.split("/").map(encodeURIComponent).join("/");
    const hub = new URL(`${this.endpoint}/${this.source.repository}/resolve/${commit}/${path}`);
    const headers: Record<string, string> =
      range === undefined ? {} : { Range: `bytes=${range.start}-${range.end - 1}` };
    const answer = await this.http.get(this.links.get(file.path) ?? hub, headers, signal);
    try {
      if (answer.status !== 200 && answer.status !== 206) throw this.refusal(answer, file);
      if (answer.url.origin !== hub.origin) this.links.set(file.path, answer.url);
      return { range: answeredRange(answer, file, range), body: answer.body };
    } catch (error) {
      answer.body.destroy();
      throw error;
    }
  }

  close(): void {
    this.http.close();
  }

  private document(
    url: URL,
    signal: AbortSignal,
  ): Promise<{ document: unknown; headers: IncomingHttpHeaders }> {
    return persistently(async () => {
      const answer = await this.http.get(url, { Accept: "application/json" }, signal);
      if (answer.status !== 200) throw this.refusal(answer);
      return { document: await readJson(answer), headers: answer.headers };
    }, signal);
  }

  /** What an answer without what was asked for means. */
  private refusal(answer: HttpAnswer, file?: SourceFile): Error {
    const { status, headers, url } = answer;
    answer.body.resume();
    const isHub = url.href.startsWith(`${this.endpoint}/`);
    const where = `${describeUrl(url)} answers ${status}`;
    if (!isHub && file !== undefined) {
      // The link's time is over, or its host is in trouble; the Hub gives another one.
      this.links.delete(file.path);
      return new PassingError(where);
    }
    if (status === 416) return new MismatchError("the source's file is shorter than stated");
    if (status === 408 || status === 425 || status === 429 || status >= 500) {
      return new PassingError(where);
    }
    const said = String(headers["x-error-message"] ?? "")
      .replace(/[^\x20-\x7e]/g, "")
      .slice(0, 200);
    return this.finalRefusal(status, String(headers["x-error-code"] ?? ""), said, where, file);
  }

  private finalRefusal(
    status: number,
    code: string,
    said: string,
    where: string,
    file: SourceFile | undefined,
  ): LoaderError {
    const { repository, revision } = this.source;
    const hub = ` at ${this.endpoint}${said === "" ? "" : ` (${said})`}`;
    if (code === "GatedRepo" || status === 403) {
      return new LoaderError(
        ExitCode.NotAuthorised,
        `${this.hasToken ? "the token gives" : "without a token there is"} no access to ${repository}${hub}; accept the terms of its page, where it is gated, and use a token of the account that did`,
      );
    }
    if (status === 401 && this.hasToken && code !== "RepoNotFound") {
      return new LoaderError(
        ExitCode.NotAuthorised,
        `the token is not valid for ${repository}${hub}; make a new one with read access`,
      );
    }
    if (code === "RevisionNotFound") {
      return new LoaderError(
        ExitCode.NotFound,
        `${repository} has no revision ${JSON.stringify(revision)}${hub}; check the branch, tag or commit`,
      );
    }
    if (status === 404 && file !== undefined) {
      return new LoaderError(
        ExitCode.NotFound,
        `${repository} lists ${JSON.stringify(file.path)} but does not have it${hub}`,
      );
    }
    if (status === 401 || status === 404 || status === 410) {
      return new LoaderError(
        ExitCode.NotFound,
        `no repository ${repository} can be seen ${this.hasToken ? "with the token" : "without a token"}${hub}; check its name, and for a private one the token`,
      );
    }
    return new LoaderError(ExitCode.Unavailable, `${where}${said === "" ? "" : `: ${said}`}`);
  }
}

function parseTree(document: unknown, url: URL): SourceFile[] {
  if (!Array.isArray(document)) throw malformed(url, document);
  return document.flatMap((entry: unknown) => {
    if (typeof entry !== "object" || entry === null) throw malformed(url, entry);
    const { type, path, size, oid, lfs } = entry as Record<string, unknown>;
    if (type !== "file") return [];
    const large = lfs as { oid?: unknown; size?: unknown } | null | undefined;
    const hex = large?.oid ?? oid;
    const bytes = large?.size ?? size;
    if (
      typeof path !== "string" ||
      typeof hex !== "string" ||
      !(large ? /^[0-9a-f]{64}$/ : /^[0-9a-f]{40}$/).test(hex) ||
      typeof bytes !== "number" ||
      !Number.isSafeInteger(bytes) ||
      bytes < 0
    ) {
      throw malformed(url, entry);
    }
    return [{ path, size: bytes, digest: { algorithm: large ? "sha256" : "git-blob", hex } }];
  });
}

function malformed(url: URL, entry: unknown): LoaderError {
  return new LoaderError(
    ExitCode.DataMismatch,
    `${describeUrl(url)} lists something that is no file of a repository: ${JSON.stringify(entry).slice(0, 200)}`,
  );
}

/** Checks what an answer says of itself against what was listed and asked for. */
function answeredRange(
  { status, headers }: HttpAnswer,
  { size }: SourceFile,
  range: ByteRange | undefined,
): ByteRange {
  const encoding = headers["content-encoding"] ?? "identity";
  if (encoding !== "identity") {
    throw new MismatchError(`the answer is encoded as ${encoding}, though nobody asked for it`);
  }
  if (status === 200) {
    const length = Number(headers["content-length"] ?? size);
    if (length !== size) {
      throw new MismatchError(`expected ${size} bytes, and the answer has ${length}`);
    }
    if (range !== undefined) throw new RangeIgnoredError("the whole file is answered");
    return { start: 0, end: size };
  }
  const content = headers["content-range"] ?? "";
  const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(content) ?? [];
  const answered = { start: Number(first), end: Number(last) + 1 };
  const wanted = range ?? { start: 0, end: size };
  if (total !== "*" && Number(total) !== size) {
    throw new MismatchError(`expected ${size} bytes, and the answer is ${content}`);
  }
  // An empty one would be asked for again and again.
  const isWithin = answered.end > wanted.start && answered.end <= wanted.end;
  if (answered.start !== wanted.start || !isWithin) {
    throw new MismatchError(
      `expected bytes ${wanted.start}-${wanted.end - 1}, and the answer is ${content}`,
    );
  }
  return answered;
}

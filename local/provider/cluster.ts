import { request as plainRequest } from "node:http";
import { Agent, request as tlsRequest, type RequestOptions } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import type { KubeConfig } from "@kubernetes/client-node";
import { ApiFailure } from "./apiFailure";
import { at, isObject, textAt, type Json, type JsonObject } from "./json";

/** What names one object in a cluster. */
export interface ObjectReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  /** Left out for objects that belong to no namespace. */
  readonly namespace?: string;
}

/** What the API server says of a kind: its place in URLs. */
interface ServedKind {
  readonly plural: string;
  readonly namespaced: boolean;
}

/** How an apply request is made. */
export interface ApplyOptions {
  /** The name under which the server records who set the fields. */
  readonly manager: string;
  /** Validates and answers as if applied, and writes nothing. */
  readonly dryRun?: boolean;
  /** Takes over fields that another manager owns. */
  readonly force?: boolean;
  /** Takes what the server remarks, such as a field that it does not know and drops. */
  readonly remark?: (warning: string) => void;
}

interface Call {
  readonly method: "GET" | "PATCH" | "DELETE";
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly contentType?: string;
  readonly body?: JsonObject;
  readonly remark?: (warning: string) => void;
}

interface Answer {
  readonly status: number;
  readonly retryAfterSeconds: number;
  /** As in RFC 7234: `299 - "text"`, several joined by commas. */
  readonly warnings: string;
  readonly text: string;
}

/**
 * Waits before a call is tried again, in milliseconds: eight seconds in all, since an API server that restarts is back
 * within that time and a wrong address should not keep a person waiting for long.
 */
const retryDelays = [250, 500, 1000, 2000, 4000];

/** Too many requests, and a server or proxy in trouble. */
const passingStatuses = new Set([429, 500, 502, 503, 504]);

/**
 * A Kubernetes API server, any kind of object. Objects stay as the server gives them: typed clients drop the fields
 * that they do not know.
 */
export class Cluster {
  private readonly server: URL;
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 32 });
  private readonly served = new Map<string, Map<string, ServedKind>>();

  /**
   * @param config - where the server is and who asks
   * @param defaultNamespace - where objects go that name no namespace
   * @param canceled - ends the pauses between tries
   */
  constructor(
    private readonly config: KubeConfig,
    readonly defaultNamespace: string,
    private readonly canceled: AbortSignal,
  ) {
    const server = config.getCurrentCluster()?.server;
    if (server === undefined) {
      throw new Error(
        `kubeconfig: context ${JSON.stringify(config.getCurrentContext())} names no cluster; ` +
          "choose another context or correct the file",
      );
    }
    this.server = new URL(server);
  }

  /** Whether objects of the kind live in a namespace; nothing when the server does not know the kind. */
  async isNamespaced(apiVersion: string, kind: string): Promise<boolean | undefined> {
    return (await this.kind(apiVersion, kind))?.namespaced;
  }

  /** The object, or nothing when it or its kind is not there. */
  async read(object: ObjectReference): Promise<JsonObject | undefined> {
    const path = await this.path(object);
    if (path === undefined) return undefined;
    try {
      return parseObject(await this.call({ method: "GET", path }));
    } catch (error) {
      if (error instanceof ApiFailure && error.status === 404) return undefined;
      throw error;
    }
  }

  /**
   * Creates or changes the object by server-side apply.
   * @returns the object as it is now; nothing when the server does not know its kind
   */
  async apply(
    object: ObjectReference,
    manifest: JsonObject,
    options: ApplyOptions,
  ): Promise<JsonObject | undefined> {
    const path = await this.path(object);
    if (path === undefined) return undefined;
    const query: Record<string, string> = {
      fieldManager: options.manager,
      fieldValidation: "Warn",
    };
    if (options.force === true) query["force"] = "true";
    if (options.dryRun === true) query["dryRun"] = "All";
    const contentType = "application/apply-patch+yaml";
    return parseObject(
      await this.call({
        method: "PATCH",
        path,
        query,
        contentType,
        body: manifest,
        remark: options.remark,
      }),
    );
  }

  /** Asks for deletion; the object may stay for a while. Nothing happens when it is not there. */
  async delete(
    object: ObjectReference,
    propagationPolicy: "Foreground" | "Background" | "Orphan",
  ): Promise<void> {
    const path = await this.path(object);
    if (path === undefined) return;
    try {
      const body = { apiVersion: "v1", kind: "DeleteOptions", propagationPolicy };
      await this.call({ method: "DELETE", path, body, contentType: "application/json" });
    } catch (error) {
      if (!(error instanceof ApiFailure && error.status === 404)) throw error;
    }
  }

  /** The objects of a kind in a namespace that match the selectors. */
  async list(
    apiVersion: string,
    kind: string,
    namespace: string,
    selectors: { labelSelector?: string; fieldSelector?: string } = {},
  ): Promise<JsonObject[]> {
    const path = await this.path({ apiVersion, kind, namespace, name: "" });
    if (path === undefined) return [];
    const list = parseObject(await this.call({ method: "GET", path, query: selectors }));
    const items = at(list, "items");
    return Array.isArray(items) ? items.filter(isObject) : [];
  }

  /** The last lines that a container wrote. */
  async logs(namespace: string, pod: string, container: string, lines: number): Promise<string> {
    const path = `/api/v1/namespaces/${namespace}/pods/${encodeURIComponent(pod)}/log`;
    return await this.call({ method: "GET", path, query: { container, tailLines: `${lines}` } });
  }

  /** Frees the connections. */
  close(): void {
    this.agent.destroy();
  }

  private async path(object: ObjectReference): Promise<string | undefined> {
    const kind = await this.kind(object.apiVersion, object.kind);
    if (kind === undefined) return undefined;
    const parts = [groupPath(object.apiVersion)];
    if (kind.namespaced) parts.push("namespaces", object.namespace ?? this.defaultNamespace);
    parts.push(kind.plural);
    if (object.name !== "") parts.push(encodeURIComponent(object.name));
    return parts.join("/");
  }

  private async kind(apiVersion: string, kind: string): Promise<ServedKind | undefined> {
    // Asked again whenever a kind is missing: its definition may have been created in the meantime.
    const known = this.served.get(apiVersion)?.get(kind);
    if (known !== undefined) return known;
    try {
      const answer = parseObject(await this.call({ method: "GET", path: groupPath(apiVersion) }));
      const kinds = new Map<string, ServedKind>();
      const resources = at(answer, "resources");
      for (const resource of Array.isArray(resources) ? resources : []) {
        const plural = textAt(resource, "name") ?? "";
        if (plural.includes("/")) continue;
        const namespaced = at(resource, "namespaced") === true;
        kinds.set(textAt(resource, "kind") ?? "", { plural, namespaced });
      }
      this.served.set(apiVersion, kinds);
      return kinds.get(kind);
    } catch (error) {
      if (error instanceof ApiFailure && error.status === 404) return undefined;
      throw error;
    }
  }

  private async call(call: Call): Promise<string> {
    const asked = `${call.method} ${call.path}`;
    for (let attempt = 0; ; attempt++) {
      const delay = retryDelays[attempt];
      try {
        const answer = await this.send(call);
        for (const [, quoted = ""] of answer.warnings.matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)) {
          call.remark?.(quoted.replaceAll(/\\(.)/g, "$1"));
        }
        if (answer.status < 400) return answer.text;
        const failure = new ApiFailure(asked, answer.status, parseLoosely(answer.text));
        if (!isPassing(failure) || delay === undefined) throw failure;
        await this.pause(Math.max(delay, answer.retryAfterSeconds * 1000));
      } catch (error) {
        if (error instanceof ApiFailure || this.canceled.aborted) throw error;
        if (delay === undefined) {
          const why = error instanceof Error ? error.message : String(error);
          throw new Error(
            `the Kubernetes API server at ${this.server.origin} cannot be reached: ${why || "no answer"}; ` +
              "is the cluster up, and is this the right kubeconfig and context?",
            { cause: error },
          );
        }
        await this.pause(delay);
      }
    }
  }

  private async pause(milliseconds: number): Promise<void> {
    // Only the pauses end early: a request under way is finished, so that nobody doubts what it did.
    await sleep(milliseconds, undefined, { signal: this.canceled });
  }

  private async send(call: Call): Promise<Answer> {
    const options: RequestOptions = {};
    await this.config.applyToHTTPSOptions(options);
    const behindProxy = this.config.getCurrentCluster()?.proxyUrl;
    const url = new URL(this.server.pathname.replace(/\/$/, "") + call.path, this.server);
    for (const [name, value] of Object.entries(call.query ?? {})) url.searchParams.set(name, value);
    const body = call.body === undefined ? undefined : JSON.stringify(call.body);
    const plain = url.protocol === "http:";
    return await new Promise((resolve, reject) => {
      const request = (plain ? plainRequest : tlsRequest)(
        url,
        {
          ...options,
          method: call.method,
          // The library makes a new agent for each call; ours keeps connections.
          agent: plain || behindProxy !== undefined ? options.agent : this.agent,
          timeout: 60_000,
          headers: {
            ...(options.headers as Record<string, string> | undefined),
            Accept: "application/json",
            ...(body !== undefined && {
              "Content-Type": call.contentType,
              "Content-Length": Buffer.byteLength(body),
            }),
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("error", reject);
          response.on("end", () => {
            resolve({
              status: response.statusCode ?? 0,
              retryAfterSeconds: Number(response.headers["retry-after"] ?? 0) || 0,
              warnings: response.headers.warning ?? "",
              text: Buffer.concat(chunks).toString("utf8"),
            });
          });
        },
      );
      request.on("timeout", () => request.destroy(new Error("no answer within 60 s")));
      request.on("error", reject);
      request.end(body);
    });
  }
}

/** Whether asking again may help. */
function isPassing(failure: ApiFailure): boolean {
  // A conflict over who owns a field stays one; a conflict of two writers at once does not.
  if (failure.status === 409)
    return failure.reason === "Conflict" && failure.conflicts.length === 0;
  // An object that does not fit its schema is answered like a fault of the server's.
  return passingStatuses.has(failure.status) && !failure.message.includes("typed patch object");
}

function groupPath(apiVersion: string): string {
  return apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

function parseObject(text: string): JsonObject {
  return JSON.parse(text) as JsonObject;
}

function parseLoosely(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

import { readFileSync } from "node:fs";
import { Agent, request } from "node:https";
import type { KeyPair, Pki } from "./pki";

/** An answer over HTTP. */
export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** What a request is made of. */
export interface Call {
  /** @defaultValue `GET` */
  readonly method?: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** @defaultValue `application/json` */
  readonly contentType?: string;
}

/** Talks to the servers of a node that show certificates of its authority. */
export class ApiClient {
  private readonly agent: Agent;

  /**
   * @param server - the API server's URL, without a path
   */
  constructor(
    private readonly server: string,
    pki: Pki,
    client: KeyPair,
  ) {
    this.agent = new Agent({
      keepAlive: true,
      ca: readFileSync(pki.authority),
      cert: readFileSync(client.certificate),
      key: readFileSync(client.key),
    });
  }

  /**
   * Asks one of the node's servers.
   *
   * @param url - complete, or a path at the API server
   */
  call(
    url: string,
    { method = "GET", body, contentType = "application/json" }: Call = {},
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const sent = request(
        new URL(url, this.server),
        { agent: this.agent, method, timeout: 5000, headers: { "content-type": contentType } },
        (response) => {
          let text = "";
          response.setEncoding("utf8");
          response.on("data", (part: string) => (text += part));
          response.on("error", reject);
          response.on("end", () => {
            resolve({ status: response.statusCode ?? 0, body: text });
          });
        },
      );
      sent.on("error", reject);
      sent.on("timeout", () => sent.destroy(new Error(`${method} ${url}: no answer within 5 s`)));
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  /** Lets go of open connections. */
  close(): void {
    this.agent.destroy();
  }
}

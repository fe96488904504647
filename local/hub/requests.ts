/** One request that the hub got. */
export interface HubRequest {
  /** The server asked: the hub itself, or the content delivery network that large files come from. */
  readonly at: "hub" | "cdn";
  readonly method: string;
  /** The path as sent; with its query at the hub, without at the network, where it holds the signature. */
  readonly path: string;
  /** The `Range` header. */
  readonly range?: string;
  /** The status answered; absent until then, and where the client left before. */
  readonly status?: number;
  /** Bytes of the body handed to the connection. */
  readonly bytesSent: number;
  /** What the request said of who sent it. At the network anything but "none" is a leak. */
  readonly authorization: Authorization;
}

/** Nothing, a token that the hub knows, or something else. */
export type Authorization = "none" | "valid" | "invalid";

/** A request while it is being answered. */
export type OpenRequest = { -readonly [Field in keyof HubRequest]: HubRequest[Field] };

/** How many requests are remembered, so that a hub that runs for weeks stays small. */
const REMEMBERED = 10_000;

/** The latest requests, in the order in which they came. */
export class RequestLog {
  private readonly entries: OpenRequest[] = [];

  get requests(): readonly HubRequest[] {
    return [...this.entries];
  }

  open(request: OpenRequest): OpenRequest {
    this.entries.push(request);
    if (this.entries.length > REMEMBERED) this.entries.shift();
    return request;
  }

  clear(): void {
    this.entries.length = 0;
  }
}

/** Which requests a fault hits. */
export interface FaultScope {
  /**
   * The requests' path, where `*` stands for anything but a slash and `**` for anything; without a slash, its last part.
   * @example "*.safetensors"
   * @example "/api/**"
   * @defaultValue any path
   */
  readonly path?: string;
  /**
   * The server asked: the hub itself or the content delivery network that it sends clients to for large files.
   * @defaultValue both
   */
  readonly at?: "hub" | "cdn";
  /** @defaultValue any method */
  readonly method?: string;
  /**
   * How often it strikes before it is over.
   * @defaultValue until the faults are cleared
   */
  readonly times?: number;
}

/** What goes wrong before a body is sent. */
export interface ResponseFault {
  /** Milliseconds before anything is answered. */
  readonly latencyMs?: number;
  /** An answer of this status instead of the right one. */
  readonly status?: number;
  /** Headers of that answer, for instance `Retry-After`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** A redirection to this address instead of the right answer. */
  readonly redirectTo?: string;
  /** A redirection of the request to itself. */
  readonly redirectLoop?: boolean;
  /** The entity tag of a file, instead of the right one. */
  readonly etag?: string;
}

/** What goes wrong with the body of a file. Counts are of this answer's bytes. */
export interface BodyFault {
  /** The rate of each answer. */
  readonly bytesPerSecond?: number;
  /** The connection is reset after so many bytes of a longer answer. */
  readonly cutAfterBytes?: number;
  /** Nothing is sent any more after so many bytes, though the connection stays. */
  readonly stallAfterBytes?: number;
  /** No more than so many bytes, which the answer's headers say too. */
  readonly truncateToBytes?: number;
  /** So many zeros after the file's end, which the answer's headers count. */
  readonly extraBytes?: number;
  /** Zeros without end after the file's end; the answer names no length. */
  readonly endless?: boolean;
  /** The lowest bit of the byte at this offset of the file is the opposite. */
  readonly flipBitAt?: number;
  /** The whole file is sent whatever range was asked for. */
  readonly ignoreRange?: boolean;
  /** The body is compressed, though nobody asked for it. */
  readonly gzip?: boolean;
}

/** What listings say wrongly of one file. */
export interface ListingFault {
  readonly listing?: {
    /** The file's true path in the repository. */
    readonly file: string;
    /** @defaultValue the true path */
    readonly path?: string;
    /** @defaultValue the true size */
    readonly size?: number;
    /**
     * SHA-256 of a file in large file storage, git's blob id of another.
     * @defaultValue the true hash
     */
    readonly hash?: string;
  };
}

/** Something that the hub is to get wrong. */
export type Fault = FaultScope & ResponseFault & BodyFault & ListingFault;

/** What is known of a request when faults are looked up. */
export interface FaultTarget {
  readonly at: "hub" | "cdn";
  readonly method: string;
  readonly path: string;
}

const SCOPE_KEYS = { path: "string", at: "string", method: "string", times: "number" } as const;
const RESPONSE_KEYS = {
  latencyMs: "number",
  status: "number",
  headers: "object",
  redirectTo: "string",
  redirectLoop: "boolean",
  etag: "string",
} as const;
const BODY_KEYS = {
  bytesPerSecond: "number",
  cutAfterBytes: "number",
  stallAfterBytes: "number",
  truncateToBytes: "number",
  extraBytes: "number",
  endless: "boolean",
  flipBitAt: "number",
  ignoreRange: "boolean",
  gzip: "boolean",
} as const;
const LISTING_KEYS = { listing: "object" } as const;
const KEYS: Readonly<Record<string, string>> = {
  ...SCOPE_KEYS,
  ...RESPONSE_KEYS,
  ...BODY_KEYS,
  ...LISTING_KEYS,
};

interface ActiveFault {
  readonly fault: Fault;
  readonly path: RegExp;
  strikesLeft: number;
}

/** The faults in force. Where several hit one request, the latest says what they share. */
export class Faults {
  private active: ActiveFault[] = [];

  /** @throws TypeError naming what is wrong with a fault that came as JSON */
  add(fault: Fault): void {
    check(fault);
    const { path = "**", times = Infinity } = fault;
    this.active.push({ fault, path: pathPattern(path), strikesLeft: times });
  }

  clear(): void {
    this.active = [];
  }

  /** What goes wrong with this request before a body is sent. */
  response(target: FaultTarget): ResponseFault {
    return this.strike(target, RESPONSE_KEYS);
  }

  /** What goes wrong with a file's body of `length` bytes. */
  body(target: FaultTarget, length: number): BodyFault {
    return this.strike(target, BODY_KEYS, (fault) => (fault.cutAfterBytes ?? -1) < length);
  }

  /** What goes wrong with each file of this listing. */
  listing(target: FaultTarget): readonly NonNullable<ListingFault["listing"]>[] {
    return this.matching(target, LISTING_KEYS).flatMap((active) => {
      active.strikesLeft--;
      return active.fault.listing ?? [];
    });
  }

  private strike(
    target: FaultTarget,
    keys: Readonly<Record<string, string>>,
    applies: (fault: Fault) => boolean = () => true,
  ): Fault {
    let merged: Fault = {};
    for (const active of this.matching(target, keys)) {
      if (!applies(active.fault)) continue;
      active.strikesLeft--;
      merged = { ...merged, ...active.fault };
    }
    return merged;
  }

  private matching(target: FaultTarget, keys: Readonly<Record<string, string>>): ActiveFault[] {
    return this.active.filter(
      ({ fault, path, strikesLeft }) =>
        strikesLeft > 0 &&
        Object.keys(fault).some((key) => key in keys) &&
        (fault.at ?? target.at) === target.at &&
        (fault.method ?? target.method) === target.method &&
        path.test(target.path),
    );
  }
}

function check(fault: Fault): void {
  for (const [key, value] of Object.entries(fault) as [string, unknown][]) {
    const expected = KEYS[key];
    if (expected === undefined) {
      throw new TypeError(
        `fault has no field ${JSON.stringify(key)}; its fields are ${Object.keys(KEYS).join(", ")}`,
      );
    }
    if (typeof value !== expected) {
      throw new TypeError(
        `fault's ${key} is ${JSON.stringify(value)}, expected a value of type ${expected}`,
      );
    }
  }
}

function pathPattern(pattern: string): RegExp {
  const source = pattern
    .split(/(\*\*|\*)/)
    .map((part) => {
      if (part === "**") return ".*";
      return part === "*" ? "[^/]*" : part.replace(/[.+?^${}()|[\]\\]/g, "\\$&");
    })
    .join("");
  return new RegExp(pattern.includes("/") || pattern === "**" ? `^${source}$` : `(^|/)${source}$`);
}

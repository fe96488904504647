import type { Cluster } from "../cluster";

/** What one look at an object says of it. */
export type Verdict =
  | { readonly state: "ready" }
  /** Not yet; `why` is shown as progress and, when time runs out, as the reason. */
  | { readonly state: "waiting"; readonly why: string }
  /** Never, whatever time passes. */
  | { readonly state: "failed"; readonly why: string };

/** What a look may use beside the object. */
export interface Surroundings {
  readonly cluster: Cluster;
  /** Tells a person something worth keeping; the same words are told once. */
  readonly warn: (message: string) => void;
}

/** Looks at a live object once. */
export type Readiness<Live> = (live: Live, surroundings: Surroundings) => Promise<Verdict>;

export const ready: Verdict = { state: "ready" };

export function waiting(why: string): Verdict {
  return { state: "waiting", why };
}

export function failed(why: string): Verdict {
  return { state: "failed", why };
}

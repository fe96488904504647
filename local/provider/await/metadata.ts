import type { V1ObjectMeta } from "@kubernetes/client-node";

/** What names a live object; the server always gives it. */
export interface LiveMetadata {
  readonly name: string;
  /** Empty for objects that belong to no namespace. */
  readonly namespace: string;
  readonly uid: string;
  /** When the object was created, as text. */
  readonly created: string;
}

/** What names a live object. */
export function metadataOf({ metadata }: { metadata?: V1ObjectMeta }): LiveMetadata {
  return {
    name: metadata?.name ?? "",
    namespace: metadata?.namespace ?? "",
    uid: metadata?.uid ?? "",
    // The types promise a Date; the server's own answer is text.
    created: String(metadata?.creationTimestamp ?? ""),
  };
}

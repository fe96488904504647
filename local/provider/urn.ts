/** A resource's name in its program: the last part of its URN. */
export function nameOf(urn: string): string {
  return urn.split("::").slice(3).join("::");
}

/** A resource's type token, such as `kubernetes:batch/v1:Job`. */
export function typeOf(urn: string): string {
  return urn.split("::")[2]?.split("$").at(-1) ?? "";
}

/** What a type token calls an API version and kind in Kubernetes' own words. */
export interface GroupVersionKind {
  /** As in a manifest: `v1`, `batch/v1`. */
  readonly apiVersion: string;
  readonly kind: string;
}

/** The API version and kind behind a resource's type token. */
export function groupVersionKindOf(urn: string): GroupVersionKind {
  const [, apiVersion = "", kind = ""] = typeOf(urn).split(":");
  return { apiVersion: apiVersion.replace(/^core\//, ""), kind };
}

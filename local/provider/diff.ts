import { isDeepStrictEqual } from "node:util";
import { annotations, isAnnotated } from "./annotations";
import type { Cluster } from "./cluster";
import type { Settings } from "./configure";
import { replacingPaths } from "./immutable";
import { at, isObject, textAt, type Json, type JsonObject } from "./json";
import { referenceTo } from "./manifest";
import { hasUnknown, isUnknown, reveal } from "./properties";
import { formatPath, parsePath, touches, type PropertyPath } from "./propertyPath";

/** One property that changes. */
export interface PropertyChange {
  readonly kind: "add" | "delete" | "update";
  /** Whether the change asks for a new object. */
  readonly replaces: boolean;
}

/** What has to happen to an object so that it is as its inputs say. */
export interface Difference {
  readonly changes: ReadonlyMap<string, PropertyChange>;
  /** Whether the old object has to go before the new one can come. */
  readonly deleteBeforeReplace: boolean;
}

/**
 * Compares the last run's inputs with this run's.
 * @param ignored - properties whose changes do not count, as the program wrote them
 */
export async function diff(
  cluster: Cluster,
  settings: Settings,
  olds: JsonObject,
  news: JsonObject,
  ignored: readonly string[],
): Promise<Difference> {
  const old = reveal(olds);
  const fresh = reveal(news);
  const replacing = replacingPaths(fresh, settings);
  const ignoredPaths = ignored.map(parsePath);
  const changes = new Map<string, PropertyChange>();
  for (const { path, kind, unknown } of compare(
    withNamespace(cluster, old),
    withNamespace(cluster, fresh),
  )) {
    if (ignoredPaths.some((prefix) => prefix.length <= path.length && touches(prefix, path)))
      continue;
    // Something unknown may well turn out as it was; only what cannot change at all is taken to do so.
    const replaces = replacing.some(
      (pattern) => touches(pattern, path) && !(unknown && path.length < pattern.length),
    );
    changes.set(formatPath(path), { kind, replaces });
  }
  if (await isUnreadyJob(cluster, fresh)) {
    const path = formatPath(["metadata", "annotations", annotations.replaceUnready]);
    changes.set(path, { kind: "update", replaces: true });
  }
  return { changes, deleteBeforeReplace: keepsName(cluster, old, fresh) };
}

/** A namespace left out and the default one are the same. */
function withNamespace(cluster: Cluster, inputs: JsonObject): JsonObject {
  const metadata = inputs["metadata"];
  if (!isObject(metadata) || metadata["namespace"] !== undefined) return inputs;
  return { ...inputs, metadata: { ...metadata, namespace: cluster.defaultNamespace } };
}

/** A name that the program gave stays, so the new object cannot be made beside the old one. */
function keepsName(cluster: Cluster, old: JsonObject, fresh: JsonObject): boolean {
  if (isAnnotated(fresh, annotations.autonamed)) return false;
  const [before, after] = [withNamespace(cluster, old), withNamespace(cluster, fresh)];
  return (
    textAt(before, "metadata", "name") === textAt(after, "metadata", "name") &&
    textAt(before, "metadata", "namespace") === textAt(after, "metadata", "namespace")
  );
}

async function isUnreadyJob(cluster: Cluster, inputs: JsonObject): Promise<boolean> {
  if (!isAnnotated(inputs, annotations.replaceUnready)) return false;
  if (inputs["apiVersion"] !== "batch/v1" || inputs["kind"] !== "Job") return false;
  if (hasUnknown(at(inputs, "metadata", "name"))) return false;
  const live = await cluster.read(referenceTo(inputs));
  if (live === undefined) return false;
  const conditions = at(live, "status", "conditions");
  const complete = (Array.isArray(conditions) ? conditions : []).some(
    (condition) =>
      textAt(condition, "type") === "Complete" && textAt(condition, "status") === "True",
  );
  return !complete;
}

interface Change {
  readonly path: PropertyPath;
  readonly kind: PropertyChange["kind"];
  /** Whether the new value is not known yet. */
  readonly unknown: boolean;
}

function* compare(
  old: Json | undefined,
  fresh: Json | undefined,
  path: PropertyPath = [],
): Generator<Change> {
  if (old === undefined && fresh === undefined) return;
  const unknown = isUnknown(fresh);
  if (old === undefined) yield { path, kind: "add", unknown };
  else if (fresh === undefined) yield { path, kind: "delete", unknown };
  else if (isObject(old) && isObject(fresh)) {
    for (const key of new Set([...Object.keys(old), ...Object.keys(fresh)])) {
      yield* compare(old[key], fresh[key], [...path, key]);
    }
  } else if (Array.isArray(old) && Array.isArray(fresh)) {
    for (let i = 0; i < Math.max(old.length, fresh.length); i++) {
      yield* compare(old[i], fresh[i], [...path, i]);
    }
  } else if (unknown || !isDeepStrictEqual(old, fresh)) yield { path, kind: "update", unknown };
}

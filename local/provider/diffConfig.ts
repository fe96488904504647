import { isDeepStrictEqual } from "node:util";
import { serverOf } from "./configure";
import type { Difference, PropertyChange } from "./diff";
import type { JsonObject } from "./json";

/** What leads to a cluster. */
const targeting = new Set(["kubeconfig", "context", "cluster"]);

/**
 * Compares the provider's settings of the last run with this run's. Another cluster means that every object has to be
 * made anew there; the same cluster under another name or path, or a new certificate, means nothing of the kind.
 */
export function diffConfig(olds: JsonObject, news: JsonObject): Difference {
  const changes = new Map<string, PropertyChange>();
  const moved = hasMoved(olds, news);
  for (const property of new Set([...Object.keys(olds), ...Object.keys(news)])) {
    const [old, fresh] = [olds[property], news[property]];
    if (isDeepStrictEqual(old, fresh)) continue;
    const kind = old === undefined ? "add" : fresh === undefined ? "delete" : "update";
    const identifies = property === "clusterIdentifier" && kind === "update";
    changes.set(property, { kind, replaces: identifies || (moved && targeting.has(property)) });
  }
  return { changes, deleteBeforeReplace: false };
}

function hasMoved(olds: JsonObject, news: JsonObject): boolean {
  // The program's own word on which cluster it is counts more than its address.
  if (news["clusterIdentifier"] !== undefined) return false;
  const [before, after] = [serverOf(olds), serverOf(news)];
  return before !== undefined && after !== undefined && before !== after;
}

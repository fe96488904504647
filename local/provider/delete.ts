import { annotation, annotations, isAnnotated } from "./annotations";
import { timeoutOf } from "./await/untilReady";
import { untilDeleted } from "./await/untilDeleted";
import { textAt, type JsonObject } from "./json";
import { parseId } from "./manifest";
import { reveal } from "./properties";
import type { Session } from "./session";
import { groupVersionKindOf } from "./urn";

/** How long deletion may take when the program sets no limit, in seconds. */
const defaultTimeout = 600;

/** Kinds whose deletion, too, is not waited for when they say skipAwait. */
const unawaited = new Set(["DaemonSet", "Deployment", "Job", "Namespace", "Pod", "StatefulSet"]);

/**
 * Deletes the object and what it owns, and waits until it is gone. An object that is gone already is fine.
 * @param timeoutSeconds - the program's own limit, 0 for none
 */
export async function remove(
  session: Session,
  urn: string,
  id: string,
  inputs: JsonObject,
  state: JsonObject,
  timeoutSeconds: number,
): Promise<void> {
  const asked = reveal(inputs);
  const object = { ...groupVersionKindOf(urn), ...parseId(id) };
  await session.cluster.delete(object, propagation(asked));
  if (unawaited.has(object.kind) && isAnnotated(asked, annotations.skipAwait)) return;
  const seconds = timeoutSeconds || timeoutOf(asked) || defaultTimeout;
  const uid = textAt(reveal(state), "metadata", "uid");
  await untilDeleted(session, urn, object, uid, seconds);
}

function propagation(inputs: JsonObject): "Foreground" | "Background" | "Orphan" {
  const asked = annotation(inputs, annotations.deletionPropagation)?.toLowerCase();
  if (asked === "orphan") return "Orphan";
  return asked === "background" ? "Background" : "Foreground";
}

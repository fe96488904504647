import { setTimeout as sleep } from "node:timers/promises";
import type { V1Pod } from "@kubernetes/client-node";
import type { ObjectReference } from "../cluster";
import { at, textAt, type JsonObject } from "../json";
import { describe } from "../manifest";
import { metadataOf } from "./metadata";
import type { Session } from "../session";

/**
 * Waits until an object is gone.
 * @param seconds - the longest wait
 * @throws when time runs out or the run is canceled, saying what holds the object
 */
export async function untilDeleted(
  session: Session,
  urn: string,
  object: ObjectReference,
  uid: string | undefined,
  seconds: number,
): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  let told = "";
  for (let pause = 100; ; pause = Math.min(pause * 1.5, 1000)) {
    const live = await session.cluster.read(object);
    // Another object of the same name has come: ours is gone.
    if (live === undefined || (uid !== undefined && textAt(live, "metadata", "uid") !== uid))
      return;
    const why = await heldBy(session, live);
    if (session.canceled.aborted || Date.now() > deadline) {
      const end = session.canceled.aborted
        ? "canceled while waiting"
        : `still there after ${seconds} s`;
      throw new Error(`${describe(object)} is being deleted, ${end}: ${why}`);
    }
    if (why !== told) session.log.status(urn, why);
    told = why;
    await sleep(pause, undefined, { signal: session.canceled }).catch(() => undefined);
  }
}

async function heldBy(session: Session, live: JsonObject): Promise<string> {
  const namespace = textAt(live, "metadata", "namespace") ?? "";
  const finalizers = strings(at(live, "metadata", "finalizers"));
  if (finalizers.includes("kubernetes.io/pvc-protection")) {
    const claim = textAt(live, "metadata", "name");
    const pods = (await session.cluster.list("v1", "Pod", namespace)) as unknown as V1Pod[];
    const users = pods.filter((pod) =>
      pod.spec?.volumes?.some((volume) => volume.persistentVolumeClaim?.claimName === claim),
    );
    if (users.length > 0) {
      return `mounted by ${users.map((pod) => `pod ${metadataOf(pod).name}`).join(", ")}`;
    }
  }
  // A Namespace says what is left in it.
  const conditions = live["kind"] === "Namespace" ? at(live, "status", "conditions") : undefined;
  const remaining = (Array.isArray(conditions) ? conditions : [])
    .filter((condition) => textAt(condition, "status") === "True")
    .filter((condition) => /Remaining|Failure/.test(textAt(condition, "type") ?? ""))
    .map((condition) => textAt(condition, "message") ?? "");
  if (remaining.length > 0) return remaining.join("; ");
  if (finalizers.length > 0) return `waiting for ${finalizers.join(", ")}`;
  return "waiting for the object to go";
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((element) => typeof element === "string") : [];
}

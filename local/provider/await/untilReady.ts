import { setTimeout as sleep } from "node:timers/promises";
import { annotation, annotations, isAnnotated } from "../annotations";
import type { JsonObject } from "../json";
import { describe, referenceTo } from "../manifest";
import type { Session } from "../session";
import { waitOf } from "./readiness";
import type { Verdict } from "./verdict";

/** How often an object is looked at, in milliseconds: often at first, when most get ready. */
const looks = { first: 200, last: 1000, growth: 1.3 };

/** An object exists and is not ready. */
export class NotReady extends Error {
  /**
   * @param live - the object as last seen
   * @param message - what is wrong, in a person's terms
   */
  constructor(
    readonly live: JsonObject,
    message: string,
  ) {
    super(message);
    this.name = "NotReady";
  }
}

/**
 * Waits until an object is ready.
 * @param inputs - what the program asked for, with its annotations
 * @param live - the object as just created or changed
 * @param customSeconds - the program's own limit, 0 for none
 * @returns the object as last seen
 * @throws {@link NotReady} as soon as it is clear that it will not be, or when time runs out
 */
export async function untilReady(
  session: Session,
  urn: string,
  inputs: JsonObject,
  live: JsonObject,
  customSeconds: number,
): Promise<JsonObject> {
  const wait = waitOf(live);
  if (wait === undefined || isAnnotated(inputs, annotations.skipAwait)) return live;
  const seconds = customSeconds || timeoutOf(inputs) || wait.timeoutSeconds;
  const object = referenceTo(live);
  const warned = new Set<string>();
  const surroundings = {
    cluster: session.cluster,
    warn: (message: string) => {
      if (!warned.has(message)) session.log.warning(urn, message);
      warned.add(message);
    },
  };
  const deadline = Date.now() + seconds * 1000;
  let current = live;
  // Whatever goes wrong from here on, the object exists and must not be forgotten.
  const look = async <T>(see: () => Promise<T>): Promise<T> => {
    try {
      return await see();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new NotReady(current, `${describe(object)} cannot be watched: ${why}`);
    }
  };
  let told = "";
  for (let pause = looks.first; ; pause = Math.min(pause * looks.growth, looks.last)) {
    const seen = current;
    const verdict = await look(() => wait.readiness(seen, surroundings));
    if (verdict.state === "ready") return current;
    if (verdict.state === "failed") {
      throw new NotReady(current, `${describe(object)} failed: ${verdict.why}`);
    }
    if (isCanceled(session)) {
      throw new NotReady(current, `${describe(object)}: canceled while waiting: ${verdict.why}`);
    }
    if (Date.now() > deadline) {
      throw new NotReady(
        current,
        `${describe(object)} is not ready after ${seconds} s: ${verdict.why}`,
      );
    }
    if (verdict.why !== told) session.log.status(urn, verdict.why);
    told = verdict.why;
    await sleep(pause, undefined, { signal: session.canceled }).catch(() => undefined);
    const next = isCanceled(session) ? current : await look(() => session.cluster.read(object));
    if (next === undefined) {
      throw new NotReady(current, `${describe(object)} was deleted by somebody else meanwhile`);
    }
    current = next;
  }
}

/** What a look at the object says, for a refresh; ready for kinds that are not waited for. */
export async function readinessNow(
  session: Session,
  inputs: JsonObject,
  live: JsonObject,
): Promise<Verdict> {
  const wait = waitOf(live);
  if (wait?.onRefresh !== true || isAnnotated(inputs, annotations.skipAwait)) {
    return { state: "ready" };
  }
  return await wait.readiness(live, { cluster: session.cluster, warn: () => undefined });
}

/** The limit that the object's annotation sets, in seconds; 0 for none. */
export function timeoutOf(inputs: JsonObject): number {
  return Number(annotation(inputs, annotations.timeoutSeconds) ?? 0) || 0;
}

function isCanceled(session: Session): boolean {
  return session.canceled.aborted;
}

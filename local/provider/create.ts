import { annotation, annotations } from "./annotations";
import { applied, dryRun, isImmutable } from "./applied";
import { NotReady, untilReady } from "./await/untilReady";
import { fieldManager } from "./identity";
import type { JsonObject } from "./json";
import { describe, idOf, manifestFrom, referenceTo } from "./manifest";
import { PartialFailure } from "./partialFailure";
import { hasUnknown } from "./properties";
import type { Session } from "./session";
import { stateOf } from "./state";

/** A resource as the engine keeps it. */
export interface Created {
  readonly id: string;
  readonly properties: JsonObject;
}

/**
 * Creates the object and waits until it is ready.
 * @param timeoutSeconds - the program's own limit, 0 for none
 * @throws {@link PartialFailure} when the object exists and is not ready
 */
export async function create(
  session: Session,
  urn: string,
  inputs: JsonObject,
  timeoutSeconds: number,
): Promise<Created> {
  const object = referenceTo(manifestFrom(inputs));
  if (!session.settings.upsert && (await session.cluster.read(object)) !== undefined) {
    throw new Error(
      `${describe(object)} exists already and is not in this stack; adopt it with the resource option import ` +
        `(ID ${JSON.stringify(idOf(manifestFrom(inputs)))}), delete it, or choose another name`,
    );
  }
  if (annotation(inputs, annotations.waitFor) !== undefined) {
    session.log.warning(urn, `the offline stand-in does not follow ${annotations.waitFor}`);
  }
  const live = await applied(session, urn, inputs, fieldManager);
  try {
    const ready = await untilReady(session, urn, inputs, live, timeoutSeconds);
    return { id: idOf(ready), properties: stateOf(inputs, ready, fieldManager) };
  } catch (error) {
    if (!(error instanceof NotReady)) throw error;
    throw new PartialFailure(idOf(error.live), stateOf(inputs, error.live, fieldManager), error);
  }
}

/** What the object will look like, as far as that can be known; the server checks it where it can. */
export async function previewCreate(session: Session, inputs: JsonObject): Promise<JsonObject> {
  if (hasUnknown(inputs)) return inputs;
  try {
    await dryRun(session, inputs, fieldManager);
  } catch (error) {
    // The old object still stands where the new one will, when one replaces the other.
    if (!isImmutable(error)) throw error;
  }
  // Not the server's answer: its IDs, addresses and times will be others.
  return inputs;
}

import { applied, dryRun } from "./applied";
import { NotReady, untilReady } from "./await/untilReady";
import type { JsonObject } from "./json";
import { idOf, manifestFrom, referenceTo } from "./manifest";
import { PartialFailure } from "./partialFailure";
import { hasUnknown } from "./properties";
import { copyAt, parsePath } from "./propertyPath";
import type { Session } from "./session";
import { managerOf, stateOf } from "./state";

/**
 * Changes the object in place and waits until it is ready again.
 * @param state - the properties of the last run
 * @param ignored - properties that keep the value that they have in the cluster
 * @param timeoutSeconds - the program's own limit, 0 for none
 * @returns the new properties
 * @throws {@link PartialFailure} when the object is changed and is not ready
 */
export async function update(
  session: Session,
  urn: string,
  state: JsonObject,
  inputs: JsonObject,
  ignored: readonly string[],
  timeoutSeconds: number,
): Promise<JsonObject> {
  const manager = managerOf(state);
  const wanted = await withIgnored(session, inputs, ignored);
  const live = await applied(session, urn, wanted, manager);
  try {
    const ready = await untilReady(session, urn, inputs, live, timeoutSeconds);
    return stateOf(inputs, ready, manager);
  } catch (error) {
    if (!(error instanceof NotReady)) throw error;
    throw new PartialFailure(idOf(error.live), stateOf(inputs, error.live, manager), error);
  }
}

/** What the object will look like, as far as that can be known. */
export async function previewUpdate(
  session: Session,
  state: JsonObject,
  inputs: JsonObject,
  ignored: readonly string[],
): Promise<JsonObject> {
  if (hasUnknown(inputs)) return inputs;
  const manager = managerOf(state);
  const live = await dryRun(session, await withIgnored(session, inputs, ignored), manager);
  return live === undefined ? inputs : stateOf(inputs, live, manager);
}

async function withIgnored(
  session: Session,
  inputs: JsonObject,
  ignored: readonly string[],
): Promise<JsonObject> {
  if (ignored.length === 0) return inputs;
  const live = await session.cluster.read(referenceTo(manifestFrom(inputs)));
  if (live === undefined) return inputs;
  // Applying the last run's value would undo what somebody else set since.
  return ignored.reduce<JsonObject>(
    (wanted, path) => copyAt(wanted, live, parsePath(path)) as JsonObject,
    inputs,
  );
}

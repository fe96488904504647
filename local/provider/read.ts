import { readinessNow } from "./await/untilReady";
import { isEmptyObject, type JsonObject } from "./json";
import { inputsOf, liveInputs } from "./liveInputs";
import { describe, idOf, manifestFrom, parseId, propertiesFrom, referenceTo } from "./manifest";
import { PartialFailure } from "./partialFailure";
import { conceal, reveal } from "./properties";
import type { Session } from "./session";
import { managerOf, stateOf } from "./state";
import { groupVersionKindOf } from "./urn";

/** A resource as it is in the cluster. */
export interface Found {
  readonly id: string;
  readonly properties: JsonObject;
  readonly inputs: JsonObject;
}

/**
 * Reads the object, for a refresh or an import.
 * @param inputs - the inputs of the last run; empty for an object that no program has described yet
 * @returns nothing when the object is gone
 * @throws {@link PartialFailure} when the object is there and not ready
 */
export async function read(
  session: Session,
  urn: string,
  id: string,
  inputs: JsonObject,
  state: JsonObject,
): Promise<Found | undefined> {
  const live = await session.cluster.read({ ...groupVersionKindOf(urn), ...parseId(id) });
  if (live === undefined) return undefined;
  if (isEmptyObject(inputs)) {
    const found = inputsOf(propertiesFrom(live));
    const kept = conceal(found, found);
    return { id: idOf(live), properties: stateOf(kept, live, managerOf(state)), inputs: kept };
  }
  const fresh = conceal(liveInputs(reveal(inputs), propertiesFrom(live)), inputs);
  const properties = stateOf(fresh, live, managerOf(state));
  const verdict = await readinessNow(session, manifestFrom(inputs), live);
  if (verdict.state !== "ready") {
    const cause = new Error(`${describe(referenceTo(live))} is not ready: ${verdict.why}`);
    throw new PartialFailure(idOf(live), properties, cause, fresh);
  }
  return { id: idOf(live), properties, inputs: fresh };
}

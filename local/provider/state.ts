import { fieldManager } from "./identity";
import { textAt, type JsonObject } from "./json";
import { propertiesFrom } from "./manifest";
import { conceal } from "./properties";

/**
 * An object's properties as they are kept in the stack's state: the live object, with what was secret in the inputs
 * kept secret, and the genuine plugin's own three notes, so that a stack can change from one plugin to the other.
 */
export function stateOf(inputs: JsonObject, live: JsonObject, manager: string): JsonObject {
  return {
    ...conceal(propertiesFrom(live), inputs),
    __inputs: inputs,
    __initialApiVersion: textAt(live, "apiVersion") ?? "",
    __fieldManager: manager,
  };
}

/** Who set the fields of an object that is in the state already. */
export function managerOf(state: JsonObject): string {
  return textAt(state, "__fieldManager") ?? fieldManager;
}

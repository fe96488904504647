import { isDeepStrictEqual } from "node:util";
import { isObject, without, type Json, type JsonObject } from "./json";
import { withoutServerFields } from "./manifest";
import { parseQuantity } from "./quantity";

/** What identifies an element in Kubernetes' lists, the most telling first. */
const listKeys = ["name", "key", "mountPath", "containerPort", "port", "ip", "type", "topologyKey"];

/**
 * The inputs as they are in the cluster: at every path that the old inputs set, the live value. A change by somebody
 * else shows there; what the server adds by itself does not. Equal quantities keep the program's spelling.
 */
export function liveInputs(old: JsonObject, live: JsonObject): JsonObject {
  const inputs = prune(old, live) as JsonObject;
  if (old["kind"] === "Secret" && isObject(old["stringData"])) {
    inputs["stringData"] = decodedData(old["stringData"], live["data"]);
  }
  return inputs;
}

/** The inputs that would make an object as it stands, for one that no program has described yet. */
export function inputsOf(properties: JsonObject): JsonObject {
  return withoutServerFields(without(properties, new Set(["status"])));
}

function prune(old: Json, live: Json): Json {
  if (isObject(old) && isObject(live)) {
    const pruned: JsonObject = {};
    for (const [key, oldValue] of Object.entries(old)) {
      const liveValue = live[key];
      if (liveValue !== undefined) pruned[key] = prune(oldValue, liveValue);
      // An empty value that the server left out is no change.
      else if (isEmpty(oldValue)) pruned[key] = oldValue;
    }
    return pruned;
  }
  if (Array.isArray(old) && Array.isArray(live)) return pruneList(old, live);
  return isSame(old, live) ? old : live;
}

function pruneList(old: Json[], live: Json[]): Json[] {
  const key = listKeys.find(
    (candidate) => identifies(candidate, old) && identifies(candidate, live),
  );
  if (key === undefined) {
    return live.map((element, i) => {
      const twin = old[i];
      return twin === undefined ? element : prune(twin, element);
    });
  }
  // Elements that others added to a list with keys are theirs, not a change of ours.
  return old.flatMap((element) => {
    const twin = live.find(
      (candidate) => isObject(element) && isObject(candidate) && candidate[key] === element[key],
    );
    return twin === undefined ? [] : [prune(element, twin)];
  });
}

function identifies(key: string, list: Json[]): boolean {
  const values = list.map((element) => (isObject(element) ? element[key] : undefined));
  return values.every((value) => value !== undefined) && new Set(values).size === values.length;
}

function isEmpty(value: Json): boolean {
  if (value === null || value === false || value === 0 || value === "") return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}

function isSame(old: Json, live: Json): boolean {
  if (isDeepStrictEqual(old, live)) return true;
  const [a, b] = [parseQuantity(old), parseQuantity(live)];
  return a !== undefined && a === b;
}

function decodedData(old: JsonObject, data: Json | undefined): JsonObject {
  const decoded: JsonObject = {};
  for (const key of Object.keys(old)) {
    const encoded = isObject(data) ? data[key] : undefined;
    if (typeof encoded === "string") decoded[key] = Buffer.from(encoded, "base64").toString("utf8");
  }
  return decoded;
}

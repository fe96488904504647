/** A value as it stands in a manifest. */
export type Json = null | boolean | number | string | Json[] | JsonObject;

/** A mapping as it stands in a manifest. */
export interface JsonObject {
  [key: string]: Json;
}

/** Whether the value is a mapping (no list, no null). */
export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether a mapping has no key. */
export function isEmptyObject(value: JsonObject): boolean {
  return Object.keys(value).length === 0;
}

/** A copy of a mapping without some of its keys. */
export function without(value: JsonObject, keys: ReadonlySet<string>): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !keys.has(key)));
}

/** The value at a path of keys and indices, or nothing when the path leads nowhere. */
export function at(
  value: Json | undefined,
  ...path: readonly (string | number)[]
): Json | undefined {
  let found: Json | undefined = value;
  for (const step of path) {
    if (typeof step === "number") found = Array.isArray(found) ? found[step] : undefined;
    else found = isObject(found) ? found[step] : undefined;
  }
  return found;
}

/** The string at a path, or nothing when there is none. */
export function textAt(
  value: Json | undefined,
  ...path: readonly (string | number)[]
): string | undefined {
  const found = at(value, ...path);
  return typeof found === "string" ? found : undefined;
}

/** A copy in which mappings have other keys. */
export function renameKeys(value: Json, rename: (key: string) => string): Json {
  if (Array.isArray(value)) return value.map((element) => renameKeys(element, rename));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, child]) => [rename(key), renameKeys(child, rename)]),
  );
}

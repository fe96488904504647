import { isObject, type Json, type JsonObject } from "./json";

/** The way from the root of an object to one of its properties. */
export type PropertyPath = readonly (string | number)[];

/** Writes a path as the engine does: `spec.containers[0].env`, `metadata.annotations["a.b/c"]`. */
export function formatPath(path: PropertyPath): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else if (/[.[\]"]/.test(step)) text += `["${step.replaceAll('"', '\\"')}"]`;
    else text += text === "" ? step : `.${step}`;
  }
  return text;
}

/** Reads a path as programs write it; `*` and `[*]` stand for every key or element. */
export function parsePath(text: string): PropertyPath {
  const path: (string | number)[] = [];
  const step = /\["((?:[^"\\]|\\.)*)"\]|\[(\d+|\*)\]|\.?([^.[\]]+)/gy;
  for (const [, quoted, index, key] of text.matchAll(step)) {
    if (quoted !== undefined) path.push(quoted.replaceAll('\\"', '"'));
    else if (index !== undefined) path.push(index === "*" ? index : Number(index));
    else if (key !== undefined) path.push(key);
  }
  return path;
}

/** Whether a pattern of keys (with `*` for any) leads to the path, to a parent of it or to something in it. */
export function touches(pattern: PropertyPath, path: PropertyPath): boolean {
  return pattern.every((step, i) => i >= path.length || step === "*" || step === path[i]);
}

/**
 * A copy of `into` whose value at the path is the one that `from` has there; without it where `from` has none.
 */
export function copyAt(into: Json, from: Json | undefined, path: PropertyPath): Json {
  const [step, ...rest] = path;
  if (step === undefined) return from ?? into;
  if (Array.isArray(into)) {
    const theirs = Array.isArray(from) ? from : [];
    return into.map((element, i) =>
      step === "*" || step === i ? copyAt(element, theirs[i], rest) : element,
    );
  }
  const theirs = isObject(from) ? from : {};
  if (isObject(into)) {
    const copy: JsonObject = { ...into };
    for (const key of step === "*" ? Object.keys(theirs) : [String(step)]) {
      const theirValue = theirs[key];
      const ourValue = copy[key];
      if (rest.length > 0 && ourValue !== undefined) copy[key] = copyAt(ourValue, theirValue, rest);
      else if (theirValue !== undefined && rest.length === 0) copy[key] = theirValue;
      else if (rest.length === 0) Reflect.deleteProperty(copy, key);
    }
    return copy;
  }
  return into;
}

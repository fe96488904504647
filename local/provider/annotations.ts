import { isObject, textAt, type JsonObject } from "./json";

/** Annotations by which a program, or this plugin, steers how an object is handled. */
export const annotations = {
  /** Set by the plugin on objects that it named. */
  autonamed: "pulumi.com/autonamed",
  /** Ends the wait as soon as the object exists. */
  skipAwait: "pulumi.com/skipAwait",
  /** The longest wait, in seconds. */
  timeoutSeconds: "pulumi.com/timeoutSeconds",
  /** Replaces a Job that is not complete. */
  replaceUnready: "pulumi.com/replaceUnready",
  /** Takes over fields that another manager owns. */
  patchForce: "pulumi.com/patchForce",
  /** How dependants are deleted: foreground, background or orphan. */
  deletionPropagation: "pulumi.com/deletionPropagationPolicy",
  /** Known to the genuine plugin, not to this one. */
  waitFor: "pulumi.com/waitFor",
} as const;

/** An annotation's value. */
export function annotation(object: JsonObject, name: string): string | undefined {
  return textAt(object, "metadata", "annotations", name);
}

/** Whether an annotation says `"true"`. */
export function isAnnotated(object: JsonObject, name: string): boolean {
  return annotation(object, name) === "true";
}

/** A copy with one more annotation. */
export function annotate(object: JsonObject, name: string, value: string): JsonObject {
  const metadata = object["metadata"];
  const old = isObject(metadata) ? metadata : {};
  const others = old["annotations"];
  // Unknown annotations cannot be added to; the name's own marker is then left out.
  if (others !== undefined && !isObject(others)) return object;
  return { ...object, metadata: { ...old, annotations: { ...others, [name]: value } } };
}

import type { ObjectReference } from "./cluster";
import { isObject, renameKeys, textAt, without, type JsonObject } from "./json";
import { reveal } from "./properties";

/** The manifest that inputs stand for: no secrets' markers, Kubernetes' own spelling. */
export function manifestFrom(inputs: JsonObject): JsonObject {
  const spell = (key: string): string =>
    key.startsWith("x_kubernetes_") ? key.replaceAll("_", "-") : key;
  return renameKeys(reveal(inputs), spell) as JsonObject;
}

/** An object's properties as programs see them: the SDK's spelling, without the server's book-keeping. */
export function propertiesFrom(live: JsonObject): JsonObject {
  const spell = (key: string): string =>
    key.startsWith("x-kubernetes-") ? key.replaceAll("-", "_") : key;
  return withoutMetadata(renameKeys(live, spell) as JsonObject, bookKeeping);
}

/** A copy without the metadata that only the server sets; programs may pass on objects that they read. */
export function withoutServerFields(object: JsonObject): JsonObject {
  return withoutMetadata(object, serverFields);
}

const bookKeeping = new Set(["managedFields"]);

const serverFields = new Set([
  "creationTimestamp",
  "deletionGracePeriodSeconds",
  "deletionTimestamp",
  "generation",
  "managedFields",
  "resourceVersion",
  "selfLink",
  "uid",
]);

function withoutMetadata(object: JsonObject, fields: ReadonlySet<string>): JsonObject {
  const metadata = object["metadata"];
  if (!isObject(metadata)) return object;
  return { ...object, metadata: without(metadata, fields) };
}

/** What names the object of a manifest, or of an answer of the server. */
export function referenceTo(object: JsonObject): ObjectReference {
  const namespace = textAt(object, "metadata", "namespace");
  return {
    apiVersion: textAt(object, "apiVersion") ?? "",
    kind: textAt(object, "kind") ?? "",
    name: textAt(object, "metadata", "name") ?? "",
    ...(namespace !== undefined && { namespace }),
  };
}

/** A resource's ID: its name, after its namespace where it has one. */
export function idOf(live: JsonObject): string {
  const { name, namespace } = referenceTo(live);
  return namespace === undefined ? name : `${namespace}/${name}`;
}

/** The name, and the namespace where there is one, in a resource's ID. */
export function parseId(id: string): { name: string; namespace?: string } {
  const slash = id.indexOf("/");
  if (slash < 0) return { name: id };
  return { namespace: id.slice(0, slash), name: id.slice(slash + 1) };
}

/** How a person calls the object: `Job models/populate`. */
export function describe(object: ObjectReference): string {
  const prefix = object.namespace === undefined ? "" : `${object.namespace}/`;
  return `${object.kind} ${prefix}${object.name}`;
}

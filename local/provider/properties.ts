import { specialSecretSig, specialSigKey, unknownValue } from "@pulumi/pulumi/runtime/rpc";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { isObject, type Json, type JsonObject } from "./json";

/** Reads property values as the engine sends them; secrets and unknowns keep the engine's markers. */
export function decode(struct: Struct | undefined): JsonObject {
  return struct?.toJavaScript() ?? {};
}

/** Writes property values for the engine. */
export function encode(properties: JsonObject): Struct {
  return Struct.fromJavaScript(properties);
}

/** Whether the value is known only after something else has been created. */
export function isUnknown(value: Json | undefined): boolean {
  return value === unknownValue;
}

/** Whether the value or anything in it is unknown. */
export function hasUnknown(value: Json | undefined): boolean {
  if (Array.isArray(value)) return value.some(hasUnknown);
  if (isObject(value)) return Object.values(value).some(hasUnknown);
  return isUnknown(value);
}

function isSecret(value: Json | undefined): value is { value: Json } {
  return isObject(value) && value[specialSigKey] === specialSecretSig;
}

function hasSecret(value: Json | undefined): boolean {
  if (Array.isArray(value)) return value.some(hasSecret);
  return isSecret(value) || (isObject(value) && Object.values(value).some(hasSecret));
}

function secret(value: Json): Json {
  return isSecret(value) ? value : { [specialSigKey]: specialSecretSig, value };
}

/** The plain values behind the secrets. */
export function reveal(properties: JsonObject): JsonObject {
  return revealValue(properties) as JsonObject;
}

function revealValue(value: Json): Json {
  if (isSecret(value)) return revealValue(value.value);
  if (Array.isArray(value)) return value.map(revealValue);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, revealValue(child)]));
}

/**
 * Marks as secret, in plain values, what is secret in `like`, and always the data of a Secret.
 * A list that holds a secret anywhere becomes one secret, since its elements may have moved.
 */
export function conceal(properties: JsonObject, like: JsonObject): JsonObject {
  const marked: JsonObject = {};
  for (const [key, value] of Object.entries(properties)) {
    const twin = like[key];
    if (isObject(value) && isObject(twin) && !isSecret(twin)) marked[key] = conceal(value, twin);
    else marked[key] = hasSecret(twin) ? secret(value) : value;
  }
  if (properties["apiVersion"] === "v1" && properties["kind"] === "Secret") {
    for (const key of ["data", "stringData"]) {
      const value = properties[key];
      if (value !== undefined) marked[key] = secret(value);
    }
  }
  return marked;
}

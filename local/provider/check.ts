import { randomBytes } from "node:crypto";
import { CheckRequest } from "@pulumi/pulumi/proto/provider_pb";
import { annotate, annotations, isAnnotated } from "./annotations";
import type { Cluster } from "./cluster";
import { isObject, textAt, without, type JsonObject } from "./json";
import { withoutServerFields } from "./manifest";
import { conceal, isUnknown, reveal } from "./properties";
import { groupVersionKindOf, nameOf } from "./urn";

/** One input that cannot be right. */
export interface InputProblem {
  readonly property: string;
  readonly reason: string;
}

/** The inputs as they will be applied, and what is wrong with them. */
export interface Checked {
  readonly inputs: JsonObject;
  readonly problems: readonly InputProblem[];
}

/** How the engine wants unnamed objects to be named. */
export type Autonaming = CheckRequest.AutonamingOptions | undefined;

/**
 * Completes a resource's inputs: its name where the program gave none, and its namespace.
 * @param olds - the inputs of the last run, none when the object is new or is being replaced
 */
export async function check(
  cluster: Cluster,
  urn: string,
  olds: JsonObject | undefined,
  news: JsonObject,
  autonaming: Autonaming,
): Promise<Checked> {
  const unsupported = unsupportedReason(urn);
  if (unsupported !== undefined) {
    return { inputs: news, problems: [{ property: "kind", reason: unsupported }] };
  }
  let inputs = withoutServerFields({ ...groupVersionKindOf(urn), ...reveal(news) });
  const problems: InputProblem[] = [];
  const metadata = inputs["metadata"];
  if (metadata !== undefined && !isObject(metadata)) {
    // Wholly unknown metadata: the name is settled when the engine checks again.
    return { inputs: conceal(inputs, news), problems };
  }
  if (metadata?.["generateName"] !== undefined) {
    problems.push({
      property: "metadata.generateName",
      reason:
        "server-side apply needs a name; leave both out and one is made from the resource's name",
    });
  }
  if (metadata?.["name"] === undefined || metadata["name"] === "") {
    const old = olds === undefined ? undefined : reveal(olds);
    const name =
      old !== undefined && isAnnotated(old, annotations.autonamed)
        ? textAt(old, "metadata", "name")
        : newName(urn, autonaming);
    if (name === undefined) {
      problems.push({
        property: "metadata.name",
        reason: "automatic naming is switched off in the stack's configuration; give a name",
      });
    } else {
      inputs = annotate(withMetadata(inputs, "name", name), annotations.autonamed, "true");
    }
  }
  inputs = await withNamespace(cluster, inputs);
  return { inputs: conceal(inputs, news), problems };
}

function withMetadata(inputs: JsonObject, field: string, value: string): JsonObject {
  const metadata = inputs["metadata"];
  return { ...inputs, metadata: { ...(isObject(metadata) ? metadata : {}), [field]: value } };
}

function newName(urn: string, autonaming: Autonaming): string | undefined {
  if (autonaming?.getMode() === CheckRequest.AutonamingOptions.Mode.DISABLE) return undefined;
  const proposed = autonaming?.getProposedName() ?? "";
  return proposed !== "" ? proposed : `${nameOf(urn)}-${randomBytes(4).toString("hex")}`;
}

async function withNamespace(cluster: Cluster, inputs: JsonObject): Promise<JsonObject> {
  const { apiVersion, kind } = inputs;
  if (typeof apiVersion !== "string" || typeof kind !== "string") return inputs;
  const metadata = inputs["metadata"];
  const given = isObject(metadata) ? metadata["namespace"] : undefined;
  const missing = given === undefined || given === "";
  if (!missing && isUnknown(given)) return inputs;
  const namespaced = await cluster.isNamespaced(apiVersion, kind);
  if (namespaced === true && missing) {
    return withMetadata(inputs, "namespace", cluster.defaultNamespace);
  }
  if (namespaced === false && !missing && isObject(metadata)) {
    return { ...inputs, metadata: without(metadata, new Set(["namespace"])) };
  }
  return inputs;
}

function unsupportedReason(urn: string): string | undefined {
  const { apiVersion, kind } = groupVersionKindOf(urn);
  const why = "use the genuine plugin for it";
  if (apiVersion.startsWith("helm.sh/")) {
    return `the offline stand-in installs no Helm releases; ${why}`;
  }
  // Custom kinds may end in these words; Kubernetes' own groups with such kinds are the SDK's patches and lists.
  const ownGroup = !apiVersion.includes(".") || apiVersion.includes(".k8s.io/");
  if (ownGroup && kind.endsWith("Patch")) {
    return `the offline stand-in patches no objects that it does not manage; ${why}`;
  }
  if (ownGroup && kind.endsWith("List")) {
    return "a list is no object of its own; declare its members one by one";
  }
  return undefined;
}

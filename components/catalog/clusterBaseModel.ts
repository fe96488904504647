import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { pvcUri } from "../../plan/pvcUri";
import { rejectInvalidArguments } from "../invalidArguments";
import { modelstoreLabels } from "../labels";
import { omeModelProblems, omeModelSpec, pathsLeftToOme, type OmeModelArgs } from "./omeModel";

/** What a {@link ClusterBaseModel} can be told. */
export interface ClusterBaseModelArgs extends OmeModelArgs {
  /** The namespace of the claim, which becomes part of the model's URI. */
  readonly claimNamespace: pulumi.Input<string>;
}

/**
 * An entry in OME's catalogue for the whole cluster: a model on a volume of some namespace.
 *
 * ```
 * ClusterBaseModel name
 * └─ ome.io/v1beta1 ClusterBaseModel name
 * ```
 *
 * @remarks
 * OME refuses a ClusterBaseModel whose `pvc://` URI names no namespace: the URI is made here from namespace, claim and
 * path, so that none can lack it. Pods can mount the claim in its own namespace only, so InferenceServices belong there.
 * Have it depend on the model's population: OME's metadata Job runs once the entry exists.
 */
export class ClusterBaseModel extends pulumi.ComponentResource {
  /** `metadata.name`, by which InferenceServices ask for the model. */
  readonly modelName: pulumi.Output<string>;
  /** `spec.storage.storageUri`. */
  readonly storageUri: pulumi.Output<string>;

  /**
   * @param name - The Pulumi name, and the entry's own unless the arguments give another.
   * @param args - Where the model is, and what is known of it.
   * @param opts - Pulumi's options.
   */
  constructor(name: string, args: ClusterBaseModelArgs, opts?: pulumi.ComponentResourceOptions) {
    const { modelName } = resolveClusterBaseModelArgs(name, args);
    super("modelstore:index:ClusterBaseModel", name, {}, opts);

    this.storageUri = pulumi
      .all([args.claimName, args.claimNamespace])
      .apply(([claim, namespace]) => pvcUri(claim, args.path, namespace));
    const model = new k8s.apiextensions.CustomResource(
      name,
      {
        apiVersion: "ome.io/v1beta1",
        kind: "ClusterBaseModel",
        metadata: { name: modelName, labels: modelstoreLabels("catalog", "base-model", modelName) },
        spec: omeModelSpec(args, this.storageUri),
      },
      { parent: this, ignoreChanges: pathsLeftToOme(args) },
    );

    this.modelName = model.metadata.name;
    this.registerOutputs({ modelName: this.modelName, storageUri: this.storageUri });
  }
}

/**
 * Puts the defaults in place and refuses what cannot work.
 *
 * @throws pulumi.RunError naming every invalid argument.
 */
export function resolveClusterBaseModelArgs(
  name: string,
  args: ClusterBaseModelArgs,
): ClusterBaseModelArgs & Required<Pick<ClusterBaseModelArgs, "modelName">> {
  rejectInvalidArguments("modelstore:index:ClusterBaseModel", name, omeModelProblems(name, args));
  return { ...args, modelName: args.modelName ?? name };
}

import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { pvcUri } from "../../plan/pvcUri";
import { rejectInvalidArguments } from "../invalidArguments";
import { modelstoreLabels } from "../labels";
import { omeModelProblems, omeModelSpec, pathsLeftToOme, type OmeModelArgs } from "./omeModel";

/** What a {@link BaseModel} can be told. */
export interface BaseModelArgs extends OmeModelArgs {
  /**
   * The namespace of the claim, where OME looks for it and where the model can be used.
   *
   * @defaultValue - the provider's default namespace
   */
  readonly namespace?: pulumi.Input<string>;
}

/**
 * An entry in OME's catalogue for one namespace: a model on a volume of that namespace.
 *
 * ```
 * BaseModel name
 * └─ ome.io/v1beta1 BaseModel name
 * ```
 *
 * @remarks
 * OME refuses a BaseModel whose `pvc://` URI names a namespace: the URI is made here from claim and path, so that none can.
 * Have it depend on the model's population: OME's metadata Job runs once the entry exists.
 */
export class BaseModel extends pulumi.ComponentResource {
  /** `metadata.name`, by which InferenceServices ask for the model. */
  readonly modelName: pulumi.Output<string>;
  /** `spec.storage.storageUri`. */
  readonly storageUri: pulumi.Output<string>;

  /**
   * @param name - The Pulumi name, and the entry's own unless the arguments give another.
   * @param args - Where the model is, and what is known of it.
   * @param opts - Pulumi's options.
   */
  constructor(name: string, args: BaseModelArgs, opts?: pulumi.ComponentResourceOptions) {
    const { modelName } = resolveBaseModelArgs(name, args);
    super("modelstore:index:BaseModel", name, {}, opts);

    this.storageUri = pulumi.output(args.claimName).apply((claim) => pvcUri(claim, args.path));
    const model = new k8s.apiextensions.CustomResource(
      name,
      {
        apiVersion: "ome.io/v1beta1",
        kind: "BaseModel",
        metadata: {
          name: modelName,
          namespace: args.namespace,
          labels: modelstoreLabels("catalog", "base-model", modelName),
        },
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
export function resolveBaseModelArgs(
  name: string,
  args: BaseModelArgs,
): BaseModelArgs & Required<Pick<BaseModelArgs, "modelName">> {
  rejectInvalidArguments("modelstore:index:BaseModel", name, omeModelProblems(name, args));
  return { ...args, modelName: args.modelName ?? name };
}

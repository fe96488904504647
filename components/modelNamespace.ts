import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { dnsLabelProblem } from "../plan/names";
import { problemAt, rejectInvalidArguments } from "./invalidArguments";
import { DeletionPolicy } from "./volumes/modelVolume";

/** What a {@link ModelNamespace} can be told. */
export interface ModelNamespaceArgs {
  /**
   * `metadata.name` of the Namespace. Fixed, because `pvc://` URIs and host names contain it.
   *
   * @defaultValue - the component's name
   */
  readonly namespace?: string;
  /**
   * What `pulumi destroy` does to the namespace. A namespace that goes takes every claim in it along: `Delete` is for
   * namespaces in which no volume is to be kept.
   *
   * @defaultValue `"Retain"`
   */
  readonly deletionPolicy?: DeletionPolicy;
  /**
   * Whether Pulumi refuses to delete or replace the namespace at all. `pulumi destroy` then needs `--exclude-protected`.
   *
   * @defaultValue - true for a namespace that is retained, false for one that is deleted
   */
  readonly protect?: boolean;
}

/**
 * A Namespace whose pods have to satisfy the `restricted` Pod Security Standard.
 *
 * ```
 * ModelNamespace name
 * └─ Namespace name
 * ```
 *
 * @see https://kubernetes.io/docs/concepts/security/pod-security-admission/
 */
export class ModelNamespace extends pulumi.ComponentResource {
  /** `metadata.name`, known to exist. */
  readonly namespace: pulumi.Output<string>;

  /**
   * @param name - The Pulumi name, and the namespace's own unless the arguments give another.
   * @param args - What the namespace is like.
   * @param opts - Pulumi's options.
   */
  constructor(name: string, args: ModelNamespaceArgs = {}, opts?: pulumi.ComponentResourceOptions) {
    const resolved = resolveModelNamespaceArgs(name, args);
    super("modelstore:index:ModelNamespace", name, {}, opts);

    const namespace = new k8s.core.v1.Namespace(
      name,
      {
        metadata: {
          name: resolved.namespace,
          labels: {
            "app.kubernetes.io/managed-by": "modelstore",
            "app.kubernetes.io/part-of": "modelstore",
            "pod-security.kubernetes.io/enforce": "restricted",
            // Warnings reach whoever applies a Deployment; enforcement alone speaks in the events of its ReplicaSet.
            "pod-security.kubernetes.io/warn": "restricted",
          },
        },
      },
      {
        parent: this,
        protect: resolved.protect,
        retainOnDelete: resolved.deletionPolicy === DeletionPolicy.Retain,
      },
    );

    this.namespace = namespace.metadata.name;
    this.registerOutputs({ namespace: this.namespace });
  }
}

/**
 * Puts the defaults in place and refuses what cannot work.
 *
 * @throws pulumi.RunError naming every invalid argument.
 */
export function resolveModelNamespaceArgs(
  name: string,
  args: ModelNamespaceArgs,
): Required<ModelNamespaceArgs> {
  const deletionPolicy = args.deletionPolicy ?? DeletionPolicy.Retain;
  const resolved = {
    namespace: args.namespace ?? name,
    deletionPolicy,
    protect: args.protect ?? deletionPolicy === DeletionPolicy.Retain,
  };
  rejectInvalidArguments(
    "modelstore:index:ModelNamespace",
    name,
    problemAt(["namespace"], dnsLabelProblem(resolved.namespace)),
  );
  return resolved;
}

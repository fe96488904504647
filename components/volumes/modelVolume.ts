import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { AccessMode } from "../../plan/accessModes";
import { dnsSubdomainProblem } from "../../plan/names";
import { alternatives, quote, type Problem } from "../../plan/problems";
import { isQuantity, quantityProblem, type Quantity } from "../../plan/quantity";
import { problemAt, rejectInvalidArguments } from "../invalidArguments";
import { modelstoreLabels } from "../labels";
import { VolumeBindingMode, type ModelStorage } from "../storage/modelStorage";

/** What `pulumi destroy` does to something that holds data. */
export const DeletionPolicy = {
  /** It stays in the cluster with its data. */
  Retain: "Retain",
  /** It is deleted; the data goes with it unless the StorageClass reclaims with Retain. */
  Delete: "Delete",
} as const;
export type DeletionPolicy = (typeof DeletionPolicy)[keyof typeof DeletionPolicy];

/** What a {@link ModelVolume} can be told. */
export interface ModelVolumeArgs {
  /**
   * `metadata.name` of the PersistentVolumeClaim. Fixed, because `pvc://` URIs name it.
   *
   * @defaultValue - the component's name
   */
  readonly claimName?: string;
  /**
   * The namespace of the claim, and so of everything that mounts it.
   *
   * @defaultValue - the provider's default namespace
   */
  readonly namespace?: pulumi.Input<string>;
  /** The StorageClass that the volume comes from, and what it can do. */
  readonly storage: ModelStorage;
  /**
   * Who may mount the volume at the same time; the storage has to be able to.
   *
   * @see https://kubernetes.io/docs/concepts/storage/persistent-volumes/#access-modes
   */
  readonly accessModes: readonly AccessMode[];
  /** How much the volume holds. It may grow later, in place, where the class can; Kubernetes lets no claim shrink. */
  readonly size: Quantity;
  /**
   * What `pulumi destroy`, or taking the volume out of the program, does to the claim.
   *
   * @defaultValue `"Retain"`
   */
  readonly deletionPolicy?: DeletionPolicy;
  /**
   * Whether Pulumi refuses to delete or replace the claim at all. `pulumi destroy` then needs `--exclude-protected`.
   *
   * @defaultValue - true for a claim that is retained, false for one that is deleted
   */
  readonly protect?: boolean;
}

/**
 * A PersistentVolumeClaim for model weights, which nothing deletes by accident.
 *
 * ```
 * ModelVolume name
 * └─ PersistentVolumeClaim name
 * ```
 *
 * @remarks
 * A claim cannot change its storage class or access modes. Pulumi would replace it, that is delete it first, since its
 * name is fixed, and the data with it. Three things stand before that: `protect` makes Pulumi refuse the plan; without
 * it, the replacement is created first, under the name that is taken, and Kubernetes refuses it; and a retained claim
 * is never deleted. To move, declare a second volume under another name, populate it, and let go of the first one.
 */
export class ModelVolume extends pulumi.ComponentResource {
  /** The claim. */
  readonly claim: k8s.core.v1.PersistentVolumeClaim;
  /** `metadata.name` of the claim. */
  readonly claimName: pulumi.Output<string>;
  /** The namespace of the claim. */
  readonly namespace: pulumi.Output<string>;
  /** Who may mount the volume at the same time. */
  readonly accessModes: readonly AccessMode[];
  /** How much was asked for. */
  readonly capacity: Quantity;
  /** The StorageClass that the claim names, or that the cluster chose for it. */
  readonly storageClassName: pulumi.Output<string | undefined>;

  /**
   * @param name - The Pulumi name, and the claim's own unless the arguments give another.
   * @param args - What the volume is like.
   * @param opts - Pulumi's options.
   */
  constructor(name: string, args: ModelVolumeArgs, opts?: pulumi.ComponentResourceOptions) {
    const resolved = resolveModelVolumeArgs(name, args);
    super("modelstore:index:ModelVolume", name, {}, opts);

    this.claim = new k8s.core.v1.PersistentVolumeClaim(
      name,
      {
        metadata: {
          name: resolved.claimName,
          namespace: resolved.namespace,
          labels: modelstoreLabels("volume", "model-volume", resolved.claimName),
          annotations: awaitAnnotations(resolved.storage),
        },
        spec: {
          accessModes: [...resolved.accessModes],
          // Known as a plain value, it brings no dependency that a replaced class could spread through.
          storageClassName: resolved.storage.storageClassName as pulumi.Output<string>,
          resources: { requests: { storage: resolved.size } },
        },
      },
      {
        parent: this,
        dependsOn: [...resolved.storage.resources],
        protect: resolved.protect,
        retainOnDelete: resolved.deletionPolicy === DeletionPolicy.Retain,
        // Not the provider's choice for a fixed name: created first, a replacement fails on the claim that is there.
        deleteBeforeReplace: false,
      },
    );

    this.claimName = this.claim.metadata.name;
    this.namespace = this.claim.metadata.namespace;
    this.accessModes = resolved.accessModes;
    this.capacity = resolved.size;
    this.storageClassName = this.claim.spec.storageClassName;
    this.registerOutputs({
      claim: this.claim,
      claimName: this.claimName,
      namespace: this.namespace,
      accessModes: this.accessModes,
      capacity: this.capacity,
      storageClassName: this.storageClassName,
    });
  }
}

/** {@link ModelVolumeArgs} with every default in place. */
export type ResolvedModelVolumeArgs = Required<Omit<ModelVolumeArgs, "namespace">> &
  Pick<ModelVolumeArgs, "namespace">;

/**
 * Puts the defaults in place and refuses what cannot work.
 *
 * @throws pulumi.RunError naming every invalid argument.
 */
export function resolveModelVolumeArgs(
  name: string,
  args: ModelVolumeArgs,
): ResolvedModelVolumeArgs {
  const deletionPolicy = args.deletionPolicy ?? DeletionPolicy.Retain;
  const resolved = {
    ...args,
    claimName: args.claimName ?? name,
    deletionPolicy,
    protect: args.protect ?? deletionPolicy === DeletionPolicy.Retain,
  };
  rejectInvalidArguments("modelstore:index:ModelVolume", name, problems(resolved));
  return resolved;
}

function problems(args: ResolvedModelVolumeArgs): Problem[] {
  const { storage, accessModes } = args;
  return [
    ...problemAt(["claimName"], dnsSubdomainProblem(args.claimName)),
    ...(accessModes.length === 0
      ? problemAt(["accessModes"], "got [], expected at least one access mode")
      : []),
    ...accessModes
      .map((mode, index) => ({ mode, index }))
      .filter(({ mode }) => !storage.accessModes.includes(mode))
      .flatMap(({ mode, index }) =>
        problemAt(
          ["accessModes", index],
          `got ${quote(mode)}, which the storage cannot do; use ${alternatives(storage.accessModes)}, or another storage`,
        ),
      ),
    ...problemAt(["size"], isQuantity(args.size) ? undefined : quantityProblem(args.size)),
  ];
}

/** A claim that waits for its first consumer must not be waited for: the population Job is that consumer, and comes later. */
function awaitAnnotations(storage: ModelStorage): Record<string, string> | undefined {
  return storage.volumeBindingMode === VolumeBindingMode.WaitForFirstConsumer
    ? { "pulumi.com/skipAwait": "true" }
    : undefined;
}

import type * as pulumi from "@pulumi/pulumi";
import type { AccessMode } from "../../plan/accessModes";

/** When a volume comes into being. @see https://kubernetes.io/docs/concepts/storage/storage-classes/#volume-binding-mode */
export const VolumeBindingMode = {
  /** With the first pod that mounts it, where that pod can run. */
  WaitForFirstConsumer: "WaitForFirstConsumer",
  /** With the claim, wherever the driver likes. */
  Immediate: "Immediate",
} as const;
export type VolumeBindingMode = (typeof VolumeBindingMode)[keyof typeof VolumeBindingMode];

/** What becomes of a volume whose claim is gone. @see https://kubernetes.io/docs/concepts/storage/persistent-volumes/#reclaiming */
export const ReclaimPolicy = {
  /** It stays, with its data, until somebody removes it. */
  Retain: "Retain",
  /** It is deleted with its data. */
  Delete: "Delete",
} as const;
export type ReclaimPolicy = (typeof ReclaimPolicy)[keyof typeof ReclaimPolicy];

/** A StorageClass as claims see it: its name and what its volumes can do. */
export interface ModelStorage {
  /**
   * `metadata.name` of the StorageClass; undefined stands for the cluster's default class.
   *
   * It carries no dependency on the class: a class that is replaced under its own name would otherwise drag every
   * claim into the replacement. {@link ModelStorage.resources} gives the order instead.
   */
  readonly storageClassName: pulumi.Output<string | undefined>;
  /** What its volumes can be mounted as. */
  readonly accessModes: readonly AccessMode[];
  /** Whether a claim may grow; undefined when only the cluster knows. */
  readonly allowVolumeExpansion: boolean | undefined;
  /** When its volumes come into being; undefined when only the cluster knows. */
  readonly volumeBindingMode: VolumeBindingMode | undefined;
  /** What has to exist before a claim can name the class; empty when it is there already. */
  readonly resources: readonly pulumi.Resource[];
}

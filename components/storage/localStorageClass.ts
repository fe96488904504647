import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { AccessMode } from "../../plan/accessModes";
import { dnsSubdomainProblem } from "../../plan/names";
import type { Problem } from "../../plan/problems";
import {
  noProvisioner,
  provisionedClassProblems,
  provisionerProblem,
} from "../../plan/provisioner";
import { problemAt, rejectInvalidArguments } from "../invalidArguments";
import { modelstoreLabels } from "../labels";
import { ReclaimPolicy, VolumeBindingMode, type ModelStorage } from "./modelStorage";

/** What a {@link LocalStorageClass} can be told. */
export interface LocalStorageClassArgs {
  /**
   * `metadata.name` of the StorageClass. Fixed, because claims refer to it and a new name would replace them.
   *
   * @defaultValue - the component's name
   */
  readonly storageClassName?: string;
  /**
   * The CSI driver that makes volumes on the node's disks.
   *
   * @defaultValue `"kubernetes.io/no-provisioner"`: local PersistentVolumes that somebody creates by hand
   * @see https://kubernetes.io/docs/concepts/storage/storage-classes/#local
   */
  readonly provisioner?: string;
  /**
   * What the driver is told, in its own words. A change makes the class anew under its name; volumes keep what they have.
   *
   * @defaultValue - nothing
   */
  readonly parameters?: pulumi.Input<Record<string, pulumi.Input<string>>>;
  /**
   * What the driver's volumes can be mounted as.
   *
   * @defaultValue `["ReadWriteOnce", "ReadWriteOncePod"]`: a disk is in one node
   */
  readonly accessModes?: readonly AccessMode[];
  /**
   * What becomes of a volume whose claim is gone.
   *
   * @defaultValue `"Retain"`
   */
  readonly reclaimPolicy?: ReclaimPolicy;
  /**
   * When volumes come into being.
   *
   * @defaultValue `"WaitForFirstConsumer"`: an immediate volume could lie on a node where no server fits
   */
  readonly volumeBindingMode?: VolumeBindingMode;
  /**
   * Whether claims may grow.
   *
   * @defaultValue - true with a driver, false without one
   */
  readonly allowVolumeExpansion?: boolean;
  /**
   * How volumes are mounted, e.g. `noatime`.
   *
   * @defaultValue - the driver's way
   */
  readonly mountOptions?: readonly string[];
}

/**
 * A StorageClass whose volumes live on a node's own disks.
 *
 * ```
 * LocalStorageClass name
 * └─ StorageClass name
 * ```
 *
 * The class itself is not retained: volumes that exist do not need it, and one that stayed could not take new parameters.
 */
export class LocalStorageClass extends pulumi.ComponentResource implements ModelStorage {
  /** The StorageClass. */
  readonly storageClass: k8s.storage.v1.StorageClass;
  readonly storageClassName: pulumi.Output<string | undefined>;
  readonly accessModes: readonly AccessMode[];
  readonly allowVolumeExpansion: boolean;
  readonly volumeBindingMode: VolumeBindingMode;
  readonly resources: readonly pulumi.Resource[];

  /**
   * @param name - The Pulumi name, and the class's own unless the arguments give another.
   * @param args - What the class is like.
   * @param opts - Pulumi's options.
   */
  constructor(
    name: string,
    args: LocalStorageClassArgs = {},
    opts?: pulumi.ComponentResourceOptions,
  ) {
    const resolved = resolveLocalStorageClassArgs(name, args);
    super("modelstore:index:LocalStorageClass", name, {}, opts);

    this.storageClass = new k8s.storage.v1.StorageClass(
      name,
      {
        metadata: {
          name: resolved.storageClassName,
          labels: modelstoreLabels("storage", "storage-class", resolved.storageClassName),
        },
        provisioner: resolved.provisioner,
        parameters: resolved.parameters,
        reclaimPolicy: resolved.reclaimPolicy,
        volumeBindingMode: resolved.volumeBindingMode,
        allowVolumeExpansion: resolved.allowVolumeExpansion,
        mountOptions: resolved.mountOptions && [...resolved.mountOptions],
      },
      {
        parent: this,
        // The API lets none of them change; the provider knows it of `parameters` and `provisioner` only.
        replaceOnChanges: ["reclaimPolicy", "volumeBindingMode"],
        // Its name is fixed.
        deleteBeforeReplace: true,
      },
    );

    this.storageClassName = pulumi.output(resolved.storageClassName);
    this.accessModes = resolved.accessModes;
    this.allowVolumeExpansion = resolved.allowVolumeExpansion;
    this.volumeBindingMode = resolved.volumeBindingMode;
    this.resources = [this.storageClass];
    this.registerOutputs({
      storageClass: this.storageClass,
      storageClassName: this.storageClassName,
      accessModes: this.accessModes,
      allowVolumeExpansion: this.allowVolumeExpansion,
      volumeBindingMode: this.volumeBindingMode,
    });
  }
}

/** {@link LocalStorageClassArgs} with every default in place. */
export type ResolvedLocalStorageClassArgs = Required<
  Omit<LocalStorageClassArgs, "parameters" | "mountOptions">
> &
  Pick<LocalStorageClassArgs, "parameters" | "mountOptions">;

/**
 * Puts the defaults in place and refuses what cannot work.
 *
 * @throws pulumi.RunError naming every invalid argument.
 */
export function resolveLocalStorageClassArgs(
  name: string,
  args: LocalStorageClassArgs,
): ResolvedLocalStorageClassArgs {
  const provisioner = args.provisioner ?? noProvisioner;
  const resolved = {
    storageClassName: args.storageClassName ?? name,
    provisioner,
    parameters: args.parameters,
    accessModes: args.accessModes ?? [AccessMode.ReadWriteOnce, AccessMode.ReadWriteOncePod],
    reclaimPolicy: args.reclaimPolicy ?? ReclaimPolicy.Retain,
    volumeBindingMode: args.volumeBindingMode ?? VolumeBindingMode.WaitForFirstConsumer,
    allowVolumeExpansion: args.allowVolumeExpansion ?? provisioner !== noProvisioner,
    mountOptions: args.mountOptions,
  };
  rejectInvalidArguments("modelstore:index:LocalStorageClass", name, problems(resolved));
  return resolved;
}

function problems(args: ResolvedLocalStorageClassArgs): Problem[] {
  return [
    ...problemAt(["storageClassName"], dnsSubdomainProblem(args.storageClassName)),
    ...problemAt(["provisioner"], provisionerProblem(args.provisioner)),
    ...(args.accessModes.length === 0
      ? problemAt(["accessModes"], "got [], expected at least one access mode")
      : []),
    ...provisionedClassProblems(args),
  ];
}

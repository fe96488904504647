import * as pulumi from "@pulumi/pulumi";
import { AccessMode } from "../../plan/accessModes";
import { dnsSubdomainProblem } from "../../plan/names";
import { problemAt, rejectInvalidArguments } from "../invalidArguments";
import type { ModelStorage, VolumeBindingMode } from "./modelStorage";

/** What an {@link ExistingStorageClass} can be told. */
export interface ExistingStorageClassArgs {
  /**
   * `metadata.name` of the StorageClass.
   *
   * @defaultValue - the cluster's default class
   */
  readonly storageClassName?: string;
  /**
   * What the class's volumes can be mounted as: only those who run it know.
   *
   * @defaultValue `["ReadWriteOnce"]`, which practically every class can
   */
  readonly accessModes?: readonly AccessMode[];
  /**
   * Whether claims may grow.
   *
   * @defaultValue - left to the cluster, which refuses what the class cannot
   */
  readonly allowVolumeExpansion?: boolean;
  /**
   * When the class's volumes come into being.
   *
   * @defaultValue - left to the cluster; the Kubernetes provider looks at the class
   */
  readonly volumeBindingMode?: VolumeBindingMode;
}

/**
 * A StorageClass that somebody else looks after, adopted by name. Makes nothing.
 *
 * ```
 * ExistingStorageClass name
 * ```
 */
export class ExistingStorageClass extends pulumi.ComponentResource implements ModelStorage {
  readonly storageClassName: pulumi.Output<string | undefined>;
  readonly accessModes: readonly AccessMode[];
  readonly allowVolumeExpansion: boolean | undefined;
  readonly volumeBindingMode: VolumeBindingMode | undefined;
  readonly resources: readonly pulumi.Resource[];

  /**
   * @param name - The Pulumi name.
   * @param args - Which class, and what it can do.
   * @param opts - Pulumi's options.
   */
  constructor(
    name: string,
    args: ExistingStorageClassArgs = {},
    opts?: pulumi.ComponentResourceOptions,
  ) {
    const resolved = resolveExistingStorageClassArgs(name, args);
    super("modelstore:index:ExistingStorageClass", name, {}, opts);

    this.storageClassName = pulumi.output(resolved.storageClassName);
    this.accessModes = resolved.accessModes;
    this.allowVolumeExpansion = resolved.allowVolumeExpansion;
    this.volumeBindingMode = resolved.volumeBindingMode;
    this.resources = [];
    this.registerOutputs({
      storageClassName: this.storageClassName,
      accessModes: this.accessModes,
      allowVolumeExpansion: this.allowVolumeExpansion,
      volumeBindingMode: this.volumeBindingMode,
    });
  }
}

/** {@link ExistingStorageClassArgs} with every default in place. */
export type ResolvedExistingStorageClassArgs = ExistingStorageClassArgs &
  Required<Pick<ExistingStorageClassArgs, "accessModes">>;

/**
 * Puts the defaults in place and refuses what cannot work.
 *
 * @throws pulumi.RunError naming every invalid argument.
 */
export function resolveExistingStorageClassArgs(
  name: string,
  args: ExistingStorageClassArgs,
): ResolvedExistingStorageClassArgs {
  const resolved = { ...args, accessModes: args.accessModes ?? [AccessMode.ReadWriteOnce] };
  rejectInvalidArguments("modelstore:index:ExistingStorageClass", name, [
    ...problemAt(
      ["storageClassName"],
      args.storageClassName === undefined ? undefined : dnsSubdomainProblem(args.storageClassName),
    ),
    ...(resolved.accessModes.length === 0
      ? problemAt(["accessModes"], "got [], expected at least one access mode")
      : []),
  ]);
  return resolved;
}

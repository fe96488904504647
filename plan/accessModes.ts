/**
 * Who may mount a volume at the same time, in Kubernetes' words.
 *
 * @see https://kubernetes.io/docs/concepts/storage/persistent-volumes/#access-modes
 */
export const AccessMode = {
  /** Read and write by any number of pods, all on one node. */
  ReadWriteOnce: "ReadWriteOnce",
  /** Read by any number of pods on any number of nodes; nobody writes, so nothing can be populated through it. */
  ReadOnlyMany: "ReadOnlyMany",
  /** Read and write by any number of pods on any number of nodes. */
  ReadWriteMany: "ReadWriteMany",
  /** Read and write by a single pod in the whole cluster. */
  ReadWriteOncePod: "ReadWriteOncePod",
} as const;
export type AccessMode = (typeof AccessMode)[keyof typeof AccessMode];

/** How a Deployment replaces its pods. */
export const UpdateStrategy = {
  /** The old pod is gone before the new one starts: the only way for a volume that two nodes cannot hold at once. */
  Recreate: "Recreate",
  /** The new pod is ready before the old one goes: no gap in service. */
  RollingUpdate: "RollingUpdate",
} as const;
export type UpdateStrategy = (typeof UpdateStrategy)[keyof typeof UpdateStrategy];

/** What one access mode means for those who mount the volume. */
export interface AccessModeRule {
  /** The abbreviation that `kubectl get pvc` prints. */
  readonly shortName: string;
  /** Whether the loader can write through it. */
  readonly populate: boolean;
  /** On how many nodes pods may mount it at once. */
  readonly nodes: "one" | "many";
  /** How many pods may mount it at once. */
  readonly pods: "one" | "many";
  /** How a Deployment that mounts it replaces its pods. */
  readonly updateStrategy: UpdateStrategy;
  /** The reason, as messages give it. */
  readonly because: string;
}

/**
 * The one table of access modes: mode × who mounts × how many nodes × how servers are replaced.
 *
 * A volume that only one node can mount still serves after a Job populated it: its PersistentVolume carries the node
 * affinity (or zone) of where it was provisioned, so that the scheduler puts the server where the data is.
 */
export const accessModeRules: Readonly<Record<AccessMode, AccessModeRule>> = {
  ReadWriteOnce: {
    shortName: "RWO",
    populate: true,
    nodes: "one",
    pods: "many",
    updateStrategy: UpdateStrategy.Recreate,
    because: "a ReadWriteOnce volume is mounted by one node at a time",
  },
  ReadOnlyMany: {
    shortName: "ROX",
    populate: false,
    nodes: "many",
    pods: "many",
    updateStrategy: UpdateStrategy.RollingUpdate,
    because: "nobody can write to a ReadOnlyMany volume",
  },
  ReadWriteMany: {
    shortName: "RWX",
    populate: true,
    nodes: "many",
    pods: "many",
    updateStrategy: UpdateStrategy.RollingUpdate,
    because: "a ReadWriteMany volume is mounted by any number of nodes",
  },
  ReadWriteOncePod: {
    shortName: "RWOP",
    populate: true,
    nodes: "one",
    pods: "one",
    updateStrategy: UpdateStrategy.Recreate,
    because: "a ReadWriteOncePod volume is mounted by one pod in the whole cluster",
  },
};

const accessModeList = Object.values(AccessMode);

/** Reads an access mode by its long or short name (`ReadWriteMany`, `RWX`), or gives undefined. */
export function parseAccessMode(text: string): AccessMode | undefined {
  return accessModeList.find((mode) => mode === text || accessModeRules[mode].shortName === text);
}

/** Every accepted spelling, for messages. */
export const accessModeSpellings: readonly string[] = accessModeList.map(
  (mode) => `${mode} (${accessModeRules[mode].shortName})`,
);

/**
 * The mode that decides what a volume with these modes can do: the most sharing of those that can be written through.
 *
 * Undefined when none can be written through, so that the volume cannot be populated.
 */
export function effectiveAccessMode(modes: readonly AccessMode[]): AccessMode | undefined {
  const bySharing = [
    AccessMode.ReadWriteMany,
    AccessMode.ReadOnlyMany,
    AccessMode.ReadWriteOnce,
    AccessMode.ReadWriteOncePod,
  ];
  return bySharing.find((mode) => modes.includes(mode) && accessModeRules[mode].populate);
}

import type { StackConfig, VolumeConfig } from "./stackConfig";
import { AccessMode, accessModeRules, effectiveAccessMode } from "./accessModes";
import { didYouMean } from "./didYouMean";
import { entryOf, type Findings } from "./findings";
import type { StorageClassPlan, VolumePlan } from "./plan";
import { alternatives, quote } from "./problems";

type Path = readonly (string | number)[];

/** A volume with what the models on it need to know about it. */
export interface PlannedVolume {
  readonly plan: VolumePlan;
  readonly storageClass: StorageClassPlan;
  /** The mode that decides what can be done with the volume. */
  readonly accessMode: AccessMode;
  /** Where it was written. */
  readonly path: Path;
}

/** Every volume of the stack by name: those in `volumes`, and those that models bring along under their own names. */
export function planVolumes(
  config: StackConfig,
  storageClasses: Readonly<Record<string, StorageClassPlan>>,
  findings: Findings,
): Map<string, PlannedVolume> {
  const written: { name: string; volume: VolumeConfig; path: Path }[] = Object.entries(
    config.volumes,
  ).map(([name, volume]) => ({ name, volume, path: ["volumes", name] }));
  for (const [name, { volume }] of Object.entries(config.models)) {
    if (typeof volume === "string") continue;
    const path = ["models", name, "volume"];
    if (Object.hasOwn(config.volumes, name) || findings.leftOut("volumes", name)) {
      findings.problems.push({
        path,
        message: `a model's own volume is called like the model, but ${quote(name)} is already in modelstore:volumes; refer to that one with ${quote(name)}, or rename either`,
      });
    } else {
      written.push({ name, volume, path });
    }
  }
  const planned = new Map<string, PlannedVolume>();
  for (const { name, volume, path } of written) {
    const plan = planVolume(name, volume, path, config, storageClasses, findings);
    if (plan !== undefined) planned.set(name, plan);
  }
  return planned;
}

function planVolume(
  name: string,
  volume: VolumeConfig,
  path: Path,
  config: StackConfig,
  storageClasses: Readonly<Record<string, StorageClassPlan>>,
  { problems, leftOut }: Findings,
): PlannedVolume | undefined {
  const storageClass = entryOf(storageClasses, volume.storage);
  if (storageClass === undefined) {
    if (!leftOut("storage", volume.storage)) {
      problems.push({
        path: [...path, "storage"],
        ...unknownName(volume.storage, "storage", Object.keys(storageClasses)),
      });
    }
    return undefined;
  }
  const accessModes = accessModesOf(volume, storageClass, path, problems);
  if (accessModes === undefined) return undefined;
  const accessMode = effectiveAccessMode(accessModes);
  if (accessMode === undefined) {
    problems.push({
      path: [...path, volume.accessMode === undefined ? "accessModes" : "accessMode"],
      message: `got ${alternatives(accessModes)}, but ${accessModeRules.ReadOnlyMany.because}, so the loader cannot either; use ${quote(AccessMode.ReadWriteMany)}: servers mount every volume read-only`,
    });
    return undefined;
  }
  const plan: VolumePlan = {
    claimName: name,
    namespace: config.cluster.namespace,
    storage: volume.storage,
    accessModes,
    size: volume.size,
    deletionPolicy: volume.deletionPolicy,
    protect: volume.protect ?? volume.deletionPolicy === "Retain",
  };
  return { plan, storageClass, accessMode, path };
}

/** Checks the modes that were asked for, or picks the most sharing one that the storage can do. */
function accessModesOf(
  volume: VolumeConfig,
  storageClass: StorageClassPlan,
  path: Path,
  problems: Findings["problems"],
): AccessMode[] | undefined {
  if (volume.accessMode !== undefined && volume.accessModes !== undefined) {
    problems.push({
      path: [...path, "accessModes"],
      message: "is given beside accessMode; keep one of the two",
    });
    return undefined;
  }
  const key = volume.accessMode === undefined ? "accessModes" : "accessMode";
  const asked = volume.accessMode === undefined ? volume.accessModes : [volume.accessMode];
  if (asked === undefined) {
    const best = effectiveAccessMode(storageClass.accessModes) ?? storageClass.accessModes[0];
    return best === undefined ? undefined : [best];
  }
  const modes = [...new Set(asked)];
  const unsupported = modes.filter((mode) => !storageClass.accessModes.includes(mode));
  for (const mode of unsupported) {
    problems.push({
      path: [...path, key],
      message: `${quote(mode)} is not supported by storage ${quote(volume.storage)}; use ${alternatives(storageClass.accessModes)}, or another storage`,
      suggestion: key === "accessMode" ? storageClass.accessModes[0] : undefined,
    });
  }
  if (unsupported.length > 0) return undefined;
  if (modes.length > 1 && modes.includes(AccessMode.ReadWriteOncePod)) {
    problems.push({
      path: [...path, key],
      message: `got ${alternatives(modes)}, but Kubernetes allows "ReadWriteOncePod" only alone; remove it or the others`,
    });
    return undefined;
  }
  return modes;
}

/** Says that a name refers to nothing, and which one was probably meant. */
export function unknownName(
  name: string,
  kind: "storage" | "volumes",
  known: readonly string[],
): { message: string; suggestion?: string } {
  const where = `modelstore:${kind}`;
  if (known.length === 0) {
    return { message: `got ${quote(name)}, but ${where} is empty; add ${quote(name)} there` };
  }
  return {
    message: `got ${quote(name)}, which is not in ${where}; use ${alternatives(known)}, or add it there`,
    suggestion: didYouMean(name, known),
  };
}

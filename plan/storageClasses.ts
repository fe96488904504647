import type { StackConfig } from "./stackConfig";
import type { Findings } from "./findings";
import type { StorageClassPlan } from "./plan";
import { noProvisioner, provisionedClassProblems } from "./provisioner";

/** Every storage class of the stack by name. */
export function planStorageClasses(
  config: StackConfig,
  { problems }: Findings,
): Record<string, StorageClassPlan> {
  return Object.fromEntries(
    Object.entries(config.storage).map(([name, storage]): [string, StorageClassPlan] => {
      if (storage.type === "existing") return [name, storage];
      const { provisioner = noProvisioner } = storage;
      problems.push(...provisionedClassProblems({ ...storage, provisioner }, ["storage", name]));
      const plan: StorageClassPlan = {
        ...storage,
        // Classes belong to the whole cluster; the namespace keeps two stacks apart.
        storageClassName: `${config.cluster.namespace}-${name}`,
        provisioner,
        allowVolumeExpansion: storage.allowVolumeExpansion ?? provisioner !== noProvisioner,
      };
      return [name, plan];
    }),
  );
}

import type { StackConfig } from "../config";
import type { StorageClassPlan } from "./plan";

/** Every storage class of the stack by name. */
export function planStorageClasses(config: StackConfig): Record<string, StorageClassPlan> {
  return Object.fromEntries(
    Object.entries(config.storage).map(([name, storage]) => [
      name,
      // Classes belong to the whole cluster; the namespace keeps two stacks apart.
      storage.type === "local"
        ? { ...storage, storageClassName: `${config.cluster.namespace}-${name}` }
        : storage,
    ]),
  );
}

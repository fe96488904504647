import type { StackConfig } from "./stackConfig";
import type { Findings } from "./findings";
import type { StorageClassPlan } from "./plan";
import { quote } from "./problems";

/** The provisioner that makes nothing: somebody creates the PersistentVolumes by hand. */
const noProvisioner = "kubernetes.io/no-provisioner";

/** Why a provisioner cannot be used, or undefined when it can. */
export function provisionerProblem(provisioner: string): string | undefined {
  if (
    !/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(\/[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)?$/.test(
      provisioner,
    )
  ) {
    return `got ${quote(provisioner)}, expected the name of a CSI driver or provisioner such as "rancher.io/local-path"`;
  }
  if (provisioner.startsWith("kubernetes.io/") && provisioner !== noProvisioner) {
    return `got ${quote(provisioner)}, which Kubernetes had built in once and has no more; use the CSI driver instead`;
  }
  return undefined;
}

/** Every storage class of the stack by name. */
export function planStorageClasses(
  config: StackConfig,
  { problems }: Findings,
): Record<string, StorageClassPlan> {
  return Object.fromEntries(
    Object.entries(config.storage).map(([name, storage]): [string, StorageClassPlan] => {
      if (storage.type === "existing") return [name, storage];
      const provisioner = storage.provisioner ?? noProvisioner;
      const byHand = provisioner === noProvisioner;
      const path = ["storage", name];
      if (byHand && storage.allowVolumeExpansion === true) {
        problems.push({
          path: [...path, "allowVolumeExpansion"],
          message:
            "got true, but volumes made by hand cannot grow; remove it, or name a CSI driver as provisioner",
        });
      }
      if (byHand && storage.parameters !== undefined) {
        problems.push({
          path: [...path, "parameters"],
          message:
            "is given, but there is no driver to read it; remove it, or name a CSI driver as provisioner",
        });
      }
      const plan: StorageClassPlan = {
        ...storage,
        // Classes belong to the whole cluster; the namespace keeps two stacks apart.
        storageClassName: `${config.cluster.namespace}-${name}`,
        provisioner,
        allowVolumeExpansion: storage.allowVolumeExpansion ?? !byHand,
      };
      return [name, plan];
    }),
  );
}

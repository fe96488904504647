import { quote, type Problem } from "./problems";

/** The provisioner that makes nothing: somebody creates the PersistentVolumes by hand. */
export const noProvisioner = "kubernetes.io/no-provisioner";

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

/** A class of local volumes, as far as its provisioner decides what it can do. */
interface ProvisionedClass {
  readonly provisioner: string;
  readonly allowVolumeExpansion?: boolean;
  readonly parameters?: unknown;
}

/**
 * What is asked of a class that its provisioner cannot do.
 *
 * @param path - Where the class was written.
 */
export function provisionedClassProblems(
  { provisioner, allowVolumeExpansion, parameters }: ProvisionedClass,
  path: readonly (string | number)[] = [],
): Problem[] {
  if (provisioner !== noProvisioner) return [];
  const problems: Problem[] = [];
  if (allowVolumeExpansion === true) {
    problems.push({
      path: [...path, "allowVolumeExpansion"],
      message:
        "got true, but volumes made by hand cannot grow; remove it, or name a CSI driver as provisioner",
    });
  }
  if (parameters !== undefined) {
    problems.push({
      path: [...path, "parameters"],
      message:
        "is given, but there is no driver to read it; remove it, or name a CSI driver as provisioner",
    });
  }
  return problems;
}

import type { MadeResource } from "./mocks";

interface SecurityContext {
  readonly runAsNonRoot?: boolean;
  readonly runAsUser?: number;
  readonly allowPrivilegeEscalation?: boolean;
  readonly privileged?: boolean;
  readonly procMount?: string;
  readonly capabilities?: { readonly drop?: readonly string[]; readonly add?: readonly string[] };
  readonly seccompProfile?: { readonly type?: string };
}

interface Container {
  readonly name: string;
  readonly securityContext?: SecurityContext;
  readonly ports?: readonly { readonly hostPort?: number }[];
}

interface PodSpec {
  readonly securityContext?: SecurityContext & { readonly sysctls?: readonly unknown[] };
  readonly hostNetwork?: boolean;
  readonly hostPID?: boolean;
  readonly hostIPC?: boolean;
  readonly volumes?: readonly Readonly<Record<string, unknown>>[];
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
}

const allowedVolumes = [
  "configMap",
  "csi",
  "downwardAPI",
  "emptyDir",
  "ephemeral",
  "persistentVolumeClaim",
  "projected",
  "secret",
];

/**
 * What stands against the `restricted` Pod Security Standard in the pods of resources, one line each.
 *
 * A check of our own of the Standard's Linux rules, so that a test needs no cluster; the cluster tests have the genuine one.
 *
 * @see https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
 */
export function restrictionViolations(resources: readonly MadeResource[]): string[] {
  return resources.flatMap(({ type, name, inputs }) => {
    const spec = inputs["spec"] as { template?: { spec?: PodSpec } } | undefined;
    const pod = spec?.template?.spec;
    return pod === undefined
      ? []
      : podViolations(pod).map((violation) => `${type} ${name}: ${violation}`);
  });
}

function podViolations(pod: PodSpec): string[] {
  const { hostNetwork, hostPID, hostIPC, volumes = [], securityContext } = pod;
  const containers = [...pod.containers, ...(pod.initContainers ?? [])];
  return [
    ...(hostNetwork === true || hostPID === true || hostIPC === true ? ["host namespaces"] : []),
    ...(securityContext?.sysctls === undefined ? [] : ["sysctls"]),
    ...volumes.flatMap((volume) =>
      Object.keys(volume)
        .filter((key) => key !== "name" && !allowedVolumes.includes(key))
        .map((key) => `volume of type ${key}`),
    ),
    ...containers.flatMap((container) =>
      containerViolations(container, securityContext).map((text) => `${container.name}: ${text}`),
    ),
  ];
}

function containerViolations(container: Container, pod: SecurityContext = {}): string[] {
  const { securityContext: own = {}, ports = [] } = container;
  const added = own.capabilities?.add ?? [];
  return [
    ...((own.runAsNonRoot ?? pod.runAsNonRoot) === true ? [] : ["may run as root"]),
    ...((own.runAsUser ?? pod.runAsUser) === 0 ? ["runs as root"] : []),
    ...(own.allowPrivilegeEscalation === false ? [] : ["may gain privileges"]),
    ...(own.privileged === true ? ["is privileged"] : []),
    ...(own.capabilities?.drop?.includes("ALL") === true ? [] : ["keeps capabilities"]),
    ...added.filter((name) => name !== "NET_BIND_SERVICE").map((name) => `adds ${name}`),
    ...(["RuntimeDefault", "Localhost"].includes(
      (own.seccompProfile ?? pod.seccompProfile)?.type ?? "",
    )
      ? []
      : ["has no seccomp profile"]),
    ...(own.procMount === undefined || own.procMount === "Default" ? [] : ["unmasks /proc"]),
    ...(ports.some(({ hostPort }) => hostPort !== undefined) ? ["takes a host port"] : []),
  ];
}

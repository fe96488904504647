import { at, textAt, type JsonObject } from "./json";
import type { Settings } from "./configure";
import type { PropertyPath } from "./propertyPath";

/** What changes only with a new object, whatever the kind. */
const identity = ["kind", "metadata.name", "metadata.namespace"];

const persistentVolumeSources = [
  "awsElasticBlockStore",
  "azureDisk",
  "azureFile",
  "cephfs",
  "cinder",
  "csi",
  "fc",
  "flexVolume",
  "flocker",
  "gcePersistentDisk",
  "glusterfs",
  "hostPath",
  "iscsi",
  "local",
  "nfs",
  "photonPersistentDisk",
  "portworxVolume",
  "quobyte",
  "rbd",
  "scaleIO",
  "storageos",
  "vsphereVolume",
].map((source) => `spec.${source}`);

const podFields = [
  "affinity",
  "automountServiceAccountToken",
  "dnsConfig",
  "dnsPolicy",
  "enableServiceLinks",
  "hostAliases",
  "hostIPC",
  "hostNetwork",
  "hostPID",
  "hostname",
  "imagePullSecrets",
  "nodeName",
  "nodeSelector",
  "overhead",
  "preemptionPolicy",
  "priority",
  "priorityClassName",
  "readinessGates",
  "restartPolicy",
  "runtimeClassName",
  "schedulerName",
  "securityContext",
  "serviceAccount",
  "serviceAccountName",
  "shareProcessNamespace",
  "subdomain",
  "terminationGracePeriodSeconds",
  "volumes",
].map((field) => `spec.${field}`);

/** By API group and kind, what the genuine plugin replaces an object for. */
const replaced: Readonly<Record<string, readonly string[]>> = {
  "/PersistentVolume": persistentVolumeSources,
  "/PersistentVolumeClaim": [
    "spec.accessModes",
    "spec.selector",
    "spec.storageClassName",
    "spec.volumeName",
  ],
  "/Pod": [...podFields, "spec.containers", "spec.initContainers"],
  "/ResourceQuota": ["spec.scopes"],
  "/Secret": ["type"],
  "/Service": ["spec.clusterIP"],
  "apps/DaemonSet": ["spec.selector"],
  "apps/Deployment": ["spec.selector"],
  "apps/StatefulSet": [
    "spec.podManagementPolicy",
    "spec.revisionHistoryLimit",
    "spec.selector",
    "spec.serviceName",
    "spec.volumeClaimTemplates",
  ],
  "batch/Job": ["spec.completions", "spec.parallelism", "spec.selector", "spec.template"],
  "rbac.authorization.k8s.io/ClusterRoleBinding": ["roleRef"],
  "rbac.authorization.k8s.io/RoleBinding": ["roleRef"],
  "storage.k8s.io/StorageClass": ["parameters", "provisioner"],
};

/** The properties whose change asks for a new object: the same ones as with the genuine plugin. */
export function replacingPaths(
  inputs: JsonObject,
  settings: Pick<Settings, "mutableSecrets" | "mutableConfigMaps">,
): PropertyPath[] {
  const apiVersion = textAt(inputs, "apiVersion") ?? "";
  const group = apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
  const kind = `${group}/${textAt(inputs, "kind") ?? ""}`;
  const paths = [...identity, ...(replaced[kind] ?? [])];
  const frozen = at(inputs, "immutable") === true;
  if (kind === "/Secret" && (frozen || !settings.mutableSecrets)) paths.push("data", "stringData");
  if (kind === "/ConfigMap" && (frozen || !settings.mutableConfigMaps)) {
    paths.push("data", "binaryData");
  }
  return paths.map((path) => path.split("."));
}

import { join } from "node:path";
import { stateId } from "../paths";

/** Name of the only real node. */
export const nodeName = "modelstore-node";

/** Name of the CSI driver and provisioner of the embedded node. */
export const driverName = "loop.csi.modelstore.local";

/** Address of the pods' bridge, at which pods reach what the node itself serves. */
export const bridgeAddress = "10.88.0.1";

/** Range of the pods' addresses. */
export const podRange = "10.88.0.0/16";

/** Range of the Services' addresses. */
export const serviceRange = "10.96.0.0/16";

/** The first address of the Services' range: the API server, as pods see it. */
export const kubernetesServiceAddress = "10.96.0.1";

/** Where the things of one embedded node lie below its state folder. */
export interface Layout {
  /** The state folder itself. */
  readonly state: string;
  /** What makes names unique on the machine: derived from the state folder. */
  readonly id: string;
  /** Everything of the node but its volumes. */
  readonly cluster: string;
  /** For people and for Pulumi; the administrator's. */
  readonly kubeconfig: string;
  /** What the volumes hold. */
  readonly volumes: string;
  readonly log: string;
  readonly pki: string;
  /** Configuration files, written anew at each start. */
  readonly configuration: string;
  readonly etcd: string;
  readonly containerd: string;
  readonly kubelet: string;
  /** What the supervisor was started with. */
  readonly settings: string;
  /** What the supervisor says about its services. */
  readonly status: string;
}

/** The folders and files of the embedded node of a state folder. */
export function layoutOf(state: string): Layout {
  const cluster = join(state, "cluster");
  return {
    state,
    id: stateId(state),
    cluster,
    kubeconfig: join(state, "kubeconfig"),
    volumes: join(state, "volumes"),
    log: join(cluster, "log"),
    pki: join(cluster, "pki"),
    configuration: join(cluster, "configuration"),
    etcd: join(cluster, "etcd"),
    containerd: join(cluster, "containerd"),
    kubelet: join(cluster, "kubelet"),
    settings: join(cluster, "settings.json"),
    status: join(cluster, "status.json"),
  };
}

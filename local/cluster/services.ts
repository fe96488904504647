import { join } from "node:path";
import { configurationIn, containerdSocket } from "./configuration";
import { driverName, nodeName, serviceRange, type Layout } from "./layout";
import { pkiIn, type Client } from "./pki";
import type { Probe } from "./probe";
import type { Settings } from "./settings";

/** One program of the node, kept running by the supervisor. */
export interface Service {
  readonly name: string;
  /** The program and its arguments. */
  readonly command: readonly [string, ...string[]];
  /** What its environment has beside the supervisor's own. */
  readonly environment?: Readonly<Record<string, string>>;
  /** What has to be ready before it starts: services, or tasks of the supervisor. */
  readonly after: readonly string[];
  /** When it counts as ready. */
  readonly ready: Probe;
}

/** Something that the supervisor itself does once, again and again until it succeeds. */
export const tasks = ["images", "objects", "node"] as const;

/** Name of a task of the supervisor. */
export type Task = (typeof tasks)[number];

/** The API server's port on all addresses of the node. */
export const apiPort = 6443;

/** The hub's port on all addresses of the node. */
export const hubPort = 8000;

/** The kubeconfig of a component. */
export function kubeconfigOf(layout: Layout, client: Client): string {
  return join(layout.pki, `${client}.kubeconfig`);
}

const etcdEndpoint = "http://127.0.0.1:2379";

/** The socket of the CSI driver, where the kubelet and the sidecars look for it. */
export const driverSocket = `/var/lib/kubelet/plugins/${driverName}/csi.sock`;

/** All services of the node, in the order in which people read about them. */
export function servicesOf(settings: Settings, layout: Layout): Service[] {
  const { binaries, link } = settings;
  const pki = pkiIn(layout.pki);
  const files = configurationIn(layout.configuration);
  const kubeconfig = (client: Client): string => `--kubeconfig=${kubeconfigOf(layout, client)}`;
  const serving = [
    `--tls-cert-file=${pki.serving.certificate}`,
    `--tls-private-key-file=${pki.serving.key}`,
  ];

  const services: Service[] = [
    {
      name: "etcd",
      command: [
        binaries.etcd,
        `--data-dir=${layout.etcd}`,
        `--listen-client-urls=${etcdEndpoint}`,
        `--advertise-client-urls=${etcdEndpoint}`,
        "--listen-peer-urls=http://127.0.0.1:2380",
        // What a crash of the whole machine may cost is a cluster that can be made anew; what waiting for the disk at
        // each write costs is every start and every test.
        "--unsafe-no-fsync",
      ],
      after: [],
      ready: { kind: "http", url: `${etcdEndpoint}/readyz` },
    },
    {
      name: "kube-apiserver",
      command: [
        binaries["kube-apiserver"],
        `--etcd-servers=${etcdEndpoint}`,
        `--secure-port=${apiPort}`,
        `--advertise-address=${link.nodeAddress}`,
        `--client-ca-file=${pki.authority}`,
        ...serving,
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        `--service-account-signing-key-file=${pki.serviceAccountKey}`,
        `--service-account-key-file=${pki.serviceAccountKey}`,
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        `--service-cluster-ip-range=${serviceRange}`,
        "--kubelet-preferred-address-types=InternalIP",
        `--kubelet-certificate-authority=${pki.authority}`,
        `--kubelet-client-certificate=${pki.client("kubelet-client").certificate}`,
        `--kubelet-client-key=${pki.client("kubelet-client").key}`,
        // Privileged pods are an administrator's choice; namespaces forbid them by pod security admission.
        "--allow-privileged",
      ],
      after: ["etcd"],
      ready: { kind: "api", path: "/readyz" },
    },
    {
      name: "kube-controller-manager",
      command: [
        binaries["kube-controller-manager"],
        kubeconfig("kube-controller-manager"),
        ...serving,
        "--bind-address=127.0.0.1",
        `--root-ca-file=${pki.authority}`,
        `--service-account-private-key-file=${pki.serviceAccountKey}`,
        "--use-service-account-credentials",
        "--leader-elect=false",
      ],
      after: ["kube-apiserver"],
      ready: { kind: "https", url: "https://127.0.0.1:10257/healthz" },
    },
    {
      name: "kube-scheduler",
      command: [
        binaries["kube-scheduler"],
        kubeconfig("kube-scheduler"),
        ...serving,
        "--bind-address=127.0.0.1",
        "--leader-elect=false",
      ],
      after: ["kube-apiserver"],
      ready: { kind: "https", url: "https://127.0.0.1:10259/healthz" },
    },
    {
      name: "containerd",
      command: ["containerd", `--config=${files.containerd}`],
      after: [],
      ready: { kind: "socket", path: containerdSocket },
    },
    {
      name: "kubelet",
      command: [
        binaries.kubelet,
        kubeconfig("kubelet"),
        `--config=${files.kubelet}`,
        `--hostname-override=${nodeName}`,
        `--node-ip=${link.nodeAddress}`,
        "--node-labels=nvidia.com/gpu.product=stand-in",
      ],
      after: ["kube-apiserver", "containerd", "images"],
      ready: { kind: "http", url: "http://127.0.0.1:10248/healthz" },
    },
    {
      name: "kube-proxy",
      command: [binaries["kube-proxy"], `--config=${files.kubeProxy}`],
      after: ["kube-apiserver"],
      ready: { kind: "http", url: "http://127.0.0.1:10256/healthz" },
    },
    {
      name: "csi-driver",
      command: [
        binaries["csi-driver"],
        `--name=${driverName}`,
        `--node=${nodeName}`,
        `--data=${layout.volumes}`,
        "--kubelet-root=/var/lib/kubelet",
      ],
      after: [],
      ready: { kind: "socket", path: driverSocket },
    },
    ...sidecars(settings, kubeconfig),
  ];
  if (settings.hub) {
    const [program = "", ...args] = settings.hub;
    services.push({
      name: "hub",
      command: [program, ...args],
      after: [],
      ready: { kind: "port", port: hubPort },
    });
  }
  if (settings.kwok) {
    services.push({
      name: "kwok",
      command: [
        binaries.kwok,
        kubeconfig("kwok"),
        "--manage-all-nodes=false",
        "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake",
        "--server-address=127.0.0.1:10247",
      ],
      after: ["objects"],
      ready: { kind: "http", url: "http://127.0.0.1:10247/healthz" },
    });
  }
  return services;
}

function sidecars({ binaries }: Settings, kubeconfig: (client: Client) => string): Service[] {
  const driver = `--csi-address=${driverSocket}`;
  // Their permissions and resource types are among the objects.
  const sidecar = (
    name: "csi-provisioner" | "csi-attacher" | "csi-resizer" | "csi-snapshotter",
    ...args: string[]
  ): Service => ({
    name,
    command: [binaries[name], kubeconfig(name), driver, ...args],
    environment: { NODE_NAME: nodeName },
    after: ["csi-driver", "objects"],
    ready: { kind: "running" },
  });
  return [
    sidecar(
      "csi-provisioner",
      "--extra-create-metadata",
      "--default-fstype=xfs",
      "--feature-gates=Topology=true",
    ),
    sidecar("csi-attacher"),
    sidecar("csi-resizer", "--handle-volume-inuse-error=false"),
    sidecar("csi-snapshotter"),
    {
      name: "snapshot-controller",
      command: [binaries["snapshot-controller"], kubeconfig("snapshot-controller")],
      after: ["objects"],
      ready: { kind: "running" },
    },
  ];
}

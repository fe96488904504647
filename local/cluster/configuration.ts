import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { nodeName, podRange, type Layout } from "./layout";
import type { Pki } from "./pki";

/** The configuration files of the node's components. */
export interface Configuration {
  readonly containerd: string;
  /** The specification that every container's starts from. */
  readonly runtimeSpecification: string;
  readonly kubelet: string;
  readonly kubeProxy: string;
}

/** The container runtime's socket within the node. */
export const containerdSocket = "/run/containerd/containerd.sock";

/** Where the configuration files of a node lie. */
export function configurationIn(folder: string): Configuration {
  return {
    containerd: join(folder, "containerd.toml"),
    runtimeSpecification: join(folder, "runtime-specification.json"),
    kubelet: join(folder, "kubelet.json"),
    kubeProxy: join(folder, "kube-proxy.json"),
  };
}

/** What the configuration depends on. */
export interface ConfigurationArgs {
  readonly layout: Layout;
  readonly pki: Pki;
  readonly nodeAddress: string;
  readonly pauseImage: string;
  /** Name of the kubeconfig with which the component of that name talks to the API server. */
  readonly kubeconfig: (component: "kube-proxy") => string;
}

/** Writes the configuration files of containerd, its networks, the kubelet and kube-proxy. */
export function writeConfiguration(args: ConfigurationArgs): void {
  const { layout, pki, nodeAddress, pauseImage, kubeconfig } = args;
  const files = configurationIn(layout.configuration);
  const networks = join(layout.configuration, "networks");
  mkdirSync(networks, { recursive: true });
  const resolvers = join(layout.configuration, "resolv.conf");

  writeFileSync(files.containerd, containerdConfiguration(files, networks, pauseImage));
  writeFileSync(resolvers, "");
  writeJson(join(networks, "10-modelstore.conflist"), network);
  writeJson(files.kubelet, {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: pki.authority },
    },
    authorization: { mode: "Webhook" },
    tlsCertFile: pki.serving.certificate,
    tlsPrivateKeyFile: pki.serving.key,
    address: nodeAddress,
    containerRuntimeEndpoint: `unix://${containerdSocket}`,
    resolvConf: resolvers,
    // Machines with version 1 control groups are still about.
    failCgroupV1: false,
    cgroupDriver: "cgroupfs",
    // The node shares the machine: nothing is set aside for the system, and no pod is evicted for what others use.
    cgroupsPerQOS: false,
    enforceNodeAllocatable: [],
    evictionHard: { "nodefs.available": "1%", "imagefs.available": "1%" },
    imageGCHighThresholdPercent: 100,
    failSwapOn: false,
    makeIPTablesUtilChains: false,
    // A node that was there before is reported ready with the next status: by default only after ten seconds.
    nodeStatusUpdateFrequency: "1s",
    // A machine may lack CAP_SYS_RESOURCE, without which no process can lower its score.
    oomScoreAdj: 0,
    readOnlyPort: 0,
  });
  writeJson(files.kubeProxy, {
    apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
    kind: "KubeProxyConfiguration",
    clientConnection: { kubeconfig: kubeconfig("kube-proxy") },
    mode: "iptables",
    hostnameOverride: nodeName,
    clusterCIDR: podRange,
    // Without it the answer of a Service's pod to another pod on the same bridge would need the kernel module
    // br_netfilter to find its way back.
    iptables: { masqueradeAll: true, minSyncPeriod: "0s" },
    nodePortAddresses: ["primary"],
    healthzBindAddress: "127.0.0.1:10256",
    metricsBindAddress: "127.0.0.1:10249",
    // These limits belong to the whole machine, not to the node's network namespace.
    conntrack: { maxPerCore: 0, min: 0 },
  });
}

const network = {
  cniVersion: "1.0.0",
  name: "modelstore",
  plugins: [
    {
      type: "bridge",
      bridge: "cni0",
      isGateway: true,
      ipMasq: true,
      hairpinMode: true,
      ipam: {
        type: "host-local",
        // Leases end with the node's namespaces, as the interfaces do.
        dataDir: "/run/modelstore/leases",
        ranges: [[{ subnet: podRange }]],
        routes: [{ dst: "0.0.0.0/0" }],
      },
    },
  ],
};

function containerdConfiguration(
  { runtimeSpecification }: Configuration,
  networks: string,
  pauseImage: string,
): string {
  const cri = `plugins."io.containerd.grpc.v1.cri"`;
  const text = JSON.stringify;
  return `version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
[grpc]
  address = "${containerdSocket}"
[${cri}]
  sandbox_image = ${text(pauseImage)}
  # A machine may lack CAP_SYS_RESOURCE, without which no sandbox can lower its score.
  restrict_oom_score_adj = true
  # A profile would be loaded into the whole machine's kernel, and stay there.
  disable_apparmor = true
[${cri}.cni]
  bin_dir = "/usr/lib/cni"
  conf_dir = ${text(networks)}
[${cri}.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
  base_runtime_spec = ${text(runtimeSpecification)}
`;
}

function writeJson(file: string, value: unknown): void {
  writeFileSync(file, `${JSON.stringify(value, undefined, 2)}\n`);
}

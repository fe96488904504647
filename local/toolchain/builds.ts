import { join } from "node:path";
import { versions } from "./versions";

/** A program of a build. */
export interface Program {
  readonly name: string;
  /** Import path of its main package. */
  readonly package: string;
  /** Go variables that the linker sets, by name with import path. */
  readonly variables?: Readonly<Record<string, string>>;
  /**
   * How to recognise a program that the machine has already, in the right version.
   *
   * @defaultValue - the machine's is never used
   */
  readonly recognition?: Recognition;
}

/** The line with which a program answers to arguments, or its beginning; or the program that it lies beside. */
export type Recognition =
  { readonly args: readonly string[]; readonly says: string } | { readonly beside: string };

/** A file of one of a build's modules that is kept beside the programs. */
export interface ModuleFile {
  readonly module: string;
  /** Path in the module. */
  readonly path: string;
  /** Name that it is kept under. */
  readonly name: string;
}

/** Programs that are built together, from one `go.mod`. */
export interface Build {
  readonly name: string;
  readonly version: string;
  /** Absolute path of the folder with `go.mod` and `go.sum`. */
  readonly module: string;
  readonly programs: readonly Program[];
  /** @defaultValue none */
  readonly manifests?: readonly ModuleFile[];
}

const modules = join(__dirname, "modules");

const kubernetesVersion = {
  "k8s.io/component-base/version.gitVersion": versions.kubernetes,
  "k8s.io/component-base/version.gitMajor": "1",
  "k8s.io/component-base/version.gitMinor": versions.kubernetes.split(".")[1] ?? "",
};

function kubernetes(name: string, args: readonly string[], says: string): Program {
  return {
    name,
    package: `k8s.io/kubernetes/cmd/${name}`,
    variables: kubernetesVersion,
    recognition: { args, says },
  };
}

function sidecar(module: string, version: string, name: string): Program {
  return { name, package: `${module}/cmd/${name}`, variables: { "main.version": version } };
}

const attacher = "github.com/kubernetes-csi/external-attacher/v4";
const provisioner = "github.com/kubernetes-csi/external-provisioner/v6";
const resizer = "github.com/kubernetes-csi/external-resizer/v2";
const snapshotter = "github.com/kubernetes-csi/external-snapshotter/v8";
const snapshotCrds = "github.com/kubernetes-csi/external-snapshotter/client/v8";

/** All builds of the embedded platform, those first that it waits for longest. */
export const builds: readonly Build[] = [
  {
    name: "kubernetes",
    version: versions.kubernetes,
    module: join(modules, "kubernetes"),
    programs: [
      ...[
        "kube-apiserver",
        "kube-controller-manager",
        "kube-proxy",
        "kube-scheduler",
        "kubelet",
      ].map((name) => kubernetes(name, ["--version"], `Kubernetes ${versions.kubernetes}`)),
    ],
  },
  {
    name: "etcd",
    version: versions.etcd,
    module: join(modules, "etcd"),
    programs: [
      {
        name: "etcd",
        package: "go.etcd.io/etcd/server/v3",
        recognition: { args: ["--version"], says: `etcd Version: ${versions.etcd.slice(1)}` },
      },
    ],
  },
  {
    name: "pulumi",
    version: versions.pulumi,
    module: join(modules, "pulumi"),
    programs: [
      {
        name: "pulumi",
        package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
        variables: {
          "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version": versions.pulumi,
        },
        recognition: { args: ["version"], says: versions.pulumi },
      },
    ],
  },
  {
    name: "pulumi-language-nodejs",
    version: versions.pulumiLanguageNodejs,
    module: join(modules, "pulumi-language-nodejs"),
    programs: [
      {
        name: "pulumi-language-nodejs",
        package: "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs",
        variables: {
          "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version":
            versions.pulumiLanguageNodejs,
        },
        // It does not tell its version, but releases of the engine come with theirs.
        recognition: { beside: "pulumi" },
      },
    ],
  },
  {
    name: "csi-sidecars",
    // Each has a version of its own; what they share is Kubernetes' libraries.
    version: versions.kubernetes,
    module: join(modules, "csi-sidecars"),
    programs: [
      sidecar(attacher, versions.csiAttacher, "csi-attacher"),
      sidecar(provisioner, versions.csiProvisioner, "csi-provisioner"),
      sidecar(resizer, versions.csiResizer, "csi-resizer"),
      sidecar(snapshotter, versions.csiSnapshotter, "csi-snapshotter"),
      sidecar(snapshotter, versions.csiSnapshotter, "snapshot-controller"),
    ],
    manifests: [
      ...["classes", "contents", "s"].map((suffix) => ({
        module: snapshotCrds,
        path: `config/crd/snapshot.storage.k8s.io_volumesnapshot${suffix}.yaml`,
        name: `snapshot.storage.k8s.io_volumesnapshot${suffix}.yaml`,
      })),
      {
        module: provisioner,
        path: "deploy/kubernetes/rbac.yaml",
        name: "external-provisioner-rbac.yaml",
      },
      {
        module: attacher,
        path: "deploy/kubernetes/rbac.yaml",
        name: "external-attacher-rbac.yaml",
      },
      { module: resizer, path: "deploy/kubernetes/rbac.yaml", name: "external-resizer-rbac.yaml" },
      {
        module: snapshotter,
        path: "deploy/kubernetes/csi-snapshotter/rbac-csi-snapshotter.yaml",
        name: "csi-snapshotter-rbac.yaml",
      },
      {
        module: snapshotter,
        path: "deploy/kubernetes/snapshot-controller/rbac-snapshot-controller.yaml",
        name: "snapshot-controller-rbac.yaml",
      },
    ],
  },
  {
    name: "csi-driver",
    version: versions.csiDriver,
    module: join(__dirname, "..", "csi-driver"),
    programs: [
      {
        name: "csi-driver",
        package: "modelstore/csi-driver",
        variables: { "main.version": versions.csiDriver },
      },
    ],
  },
  {
    // Of its own, because it is all that the engine wants of Kubernetes where another cluster is used.
    name: "kubectl",
    version: versions.kubernetes,
    module: join(modules, "kubernetes"),
    programs: [
      kubernetes("kubectl", ["version", "--client"], `Client Version: ${versions.kubernetes}`),
    ],
  },
  {
    name: "kwok",
    version: versions.kwok,
    module: join(modules, "kwok"),
    programs: [
      {
        name: "kwok",
        package: "sigs.k8s.io/kwok/cmd/kwok",
        recognition: { args: ["--version"], says: `kwok version ${versions.kwok}` },
      },
    ],
  },
];

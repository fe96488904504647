import type { StackConfig } from "./stackConfig";
import type { AccessMode, UpdateStrategy } from "./accessModes";
import { estimateCost, type CostEstimate } from "./cost";
import type { Findings, LeftOut } from "./findings";
import { hasDigest } from "./images";
import { planModels } from "./models";
import { formatProblems, type Problem } from "./problems";
import type { CpuQuantity, Quantity } from "./quantity";
import { planStorageClasses } from "./storageClasses";
import type { VllmArgs } from "./vllm";
import { planVolumes } from "./volumes";

/**
 * Everything that a stack's configuration comes down to, decided before any resource is made.
 *
 * Every record is keyed by the stable name of the configuration, which is also the Pulumi name of what is made from it.
 */
export interface Plan {
  readonly cluster: ClusterPlan;
  readonly storageClasses: Readonly<Record<string, StorageClassPlan>>;
  readonly volumes: Readonly<Record<string, VolumePlan>>;
  readonly models: Readonly<Record<string, ModelPlan>>;
  readonly estimatedMonthlyCostUsd: CostEstimate;
  /** What works but deserves a thought; one sentence each. */
  readonly warnings: readonly string[];
}

/** Which cluster and which namespace. */
export interface ClusterPlan {
  /** Path of a kubeconfig file; undefined means the ambient one. */
  readonly kubeconfig?: string;
  /** Context in the kubeconfig; undefined means its current one. */
  readonly context?: string;
  readonly namespace: string;
  readonly createNamespace: boolean;
  /** What `pulumi destroy` does to a namespace that the stack made: one that goes takes every claim in it along. */
  readonly namespaceDeletionPolicy: "Retain" | "Delete";
  /** Whether Pulumi refuses to delete the namespace, as it does when it has to protect a claim in it. */
  readonly protectNamespace: boolean;
}

/** A StorageClass, either ours or one that is there already. */
export type StorageClassPlan = LocalStorageClassPlan | ExistingStorageClassPlan;

/** A StorageClass of ours, whose volumes live on a node's own disk. */
export interface LocalStorageClassPlan {
  readonly type: "local";
  /** `metadata.name` in the cluster: fixed, since claims refer to it and a new name would replace them. */
  readonly storageClassName: string;
  readonly provisioner: string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly reclaimPolicy: "Retain" | "Delete";
  readonly volumeBindingMode: "WaitForFirstConsumer" | "Immediate";
  readonly allowVolumeExpansion: boolean;
  readonly mountOptions?: readonly string[];
  /** What its volumes can be mounted as. */
  readonly accessModes: readonly AccessMode[];
}

/** A StorageClass that somebody else made. */
export interface ExistingStorageClassPlan {
  readonly type: "existing";
  /** Undefined means the cluster's default class. */
  readonly storageClassName?: string;
  /** What its volumes can be mounted as. */
  readonly accessModes: readonly AccessMode[];
}

/** A claim, and what happens to it. */
export interface VolumePlan {
  /** `metadata.name` of the PersistentVolumeClaim: fixed, since `pvc://` URIs name it. */
  readonly claimName: string;
  readonly namespace: string;
  /** Key in {@link Plan.storageClasses}. */
  readonly storage: string;
  readonly accessModes: readonly AccessMode[];
  readonly size: Quantity;
  /** What `pulumi destroy` does to the claim. */
  readonly deletionPolicy: "Retain" | "Delete";
  /** Whether Pulumi refuses to delete or replace the claim at all. */
  readonly protect: boolean;
}

/** One model: where its files come from and lie, who catalogues and who serves them. */
export interface ModelPlan {
  /** Key in {@link Plan.volumes}; an inline volume has the model's own name. */
  readonly volume: string;
  /** The source in its canonical form, e.g. `hf://org/repo@revision`. */
  readonly source: string;
  /** The revision that the source names: a commit, or a branch or tag that the loader resolves to one. */
  readonly revision: string;
  /** The model's directory in the volume, relative. */
  readonly path: string;
  /** `pvc://namespace:claim/path`: names the files from anywhere in the cluster. */
  readonly uri: string;
  readonly population: PopulationPlan;
  readonly baseModel?: BaseModelPlan;
  /** By Pulumi name, which is the model's own for a single server. */
  readonly servers: Readonly<Record<string, ServerPlan>>;
}

/** The Job that puts a model's files on its volume. */
export interface PopulationPlan {
  /** The Hub, or a mirror that speaks its protocol. */
  readonly endpoint: string;
  /** Secret whose key holds the token; undefined for public sources. */
  readonly tokenSecret?: SecretKeyRef;
  /** Patterns of files to fetch; undefined means all but weights in formats other than safetensors. */
  readonly include?: readonly string[];
  /** Patterns of files to leave out. */
  readonly exclude?: readonly string[];
  readonly allowPickle: boolean;
  readonly image: string;
  /** Seconds after which Kubernetes gives the Job up; everything that waits for it waits longer. */
  readonly activeDeadlineSeconds: number;
  readonly resources: Resources;
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly tolerations: readonly Toleration[];
}

/** An entry in OME's catalogue; the fields are those of OME's `spec`, except name, kind and URI. */
export interface BaseModelPlan extends ModelMetadata {
  readonly kind: "BaseModel" | "ClusterBaseModel";
  /** `metadata.name`: fixed, since InferenceServices name it. */
  readonly modelName: string;
  /** `spec.storage.storageUri`: with the claim's namespace for a ClusterBaseModel, without for a BaseModel, as OME demands. */
  readonly storageUri: string;
}

/** What OME wants to know about a model, in its own words. */
export interface ModelMetadata {
  readonly displayName?: string;
  readonly vendor?: string;
  readonly version?: string;
  readonly modelFormat?: { readonly name: string; readonly version?: string };
  readonly modelFramework?: { readonly name: string; readonly version?: string };
  readonly modelType?: string;
  readonly modelArchitecture?: string;
  readonly modelParameterSize?: string;
  readonly modelCapabilities?: readonly string[];
  readonly apiCapabilities?: readonly string[];
  readonly quantization?: string;
  /** Longest context, in tokens. */
  readonly maxTokens?: number;
}

/** A vLLM server and its Service. */
export interface ServerPlan {
  readonly kind: "Deployment";
  /** `metadata.name` of Deployment and Service: fixed, since clients use it as host name. */
  readonly serviceName: string;
  readonly replicas: number;
  /** Why pods are replaced as they are: see the access mode of the volume. */
  readonly updateStrategy: UpdateStrategy;
  /** GPUs per replica (`nvidia.com/gpu`); 0 serves on the CPU. */
  readonly gpus: number;
  readonly image: string;
  /** The name by which clients ask for the model. */
  readonly servedModelName: string;
  /** Flags of `vllm serve`, without those that the server sets itself: model, served name, host and port. */
  readonly args: VllmArgs;
  readonly env: Readonly<Record<string, string>>;
  readonly resources: Resources;
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly tolerations: readonly Toleration[];
  readonly serviceType: "ClusterIP" | "LoadBalancer";
  /** Port of the Service. */
  readonly port: number;
  /** Size of `/dev/shm`. */
  readonly sharedMemorySize: Quantity;
  /** Seconds that a starting server has until it answers before it is restarted. */
  readonly startupBudgetSeconds: number;
}

/** One key of a Secret in the model's namespace. */
export interface SecretKeyRef {
  readonly name: string;
  readonly key: string;
}

/** What a container asks for and may use. */
export interface Resources {
  readonly requests: ComputeResources;
  readonly limits: ComputeResources;
}

/** Processor and memory. */
export interface ComputeResources {
  readonly cpu?: CpuQuantity;
  readonly memory?: Quantity;
}

/** A taint that a pod tolerates. @see https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/ */
export interface Toleration {
  readonly key?: string;
  readonly operator?: "Equal" | "Exists";
  readonly value?: string;
  readonly effect?: "NoSchedule" | "PreferNoSchedule" | "NoExecute";
  readonly tolerationSeconds?: number;
}

/**
 * Decides everything that a stack's configuration leaves open.
 *
 * @param config - As `parseStackConfig` gives it; that function has already reported what is wrong with it.
 * @throws RangeError that lists the problems of a configuration that did not come from there.
 */
export function makePlan(config: StackConfig): Plan {
  const { plan, problems } = resolvePlan(config);
  if (problems.length === 0) return plan;
  throw new RangeError(formatProblems("the stack", "configuration value", problems, "modelstore:"));
}

/**
 * The plan as far as it can be made, and everything that stands against it. The plan is whole when there are no problems.
 *
 * @param config - Any configuration that the schema accepts, or its sound entries.
 * @param leftOut - Which entries were left out of `config`.
 */
export function resolvePlan(
  config: StackConfig,
  leftOut: LeftOut = () => false,
): { readonly plan: Plan; readonly problems: readonly Problem[] } {
  const findings: Findings = { problems: [], warnings: [], leftOut };
  const storageClasses = planStorageClasses(config, findings);
  const planned = planVolumes(config, storageClasses, findings);
  const models = planModels(config, planned, findings);
  const volumes = Object.fromEntries([...planned].map(([name, { plan }]) => [name, plan]));
  const plan: Plan = {
    cluster: planCluster(config.cluster, Object.values(volumes)),
    storageClasses,
    volumes,
    models,
    estimatedMonthlyCostUsd: estimateCost(volumes, storageClasses),
    warnings: [...findings.warnings, ...imageWarnings(models)],
  };
  return { plan, problems: findings.problems };
}

function planCluster(
  { kubeconfig, context, namespace, createNamespace }: StackConfig["cluster"],
  volumes: readonly VolumePlan[],
): ClusterPlan {
  const empties =
    volumes.length > 0 && volumes.every(({ deletionPolicy }) => deletionPolicy === "Delete");
  return {
    kubeconfig,
    context,
    namespace,
    createNamespace,
    namespaceDeletionPolicy: empties ? "Delete" : "Retain",
    protectNamespace: volumes.some(({ protect }) => protect),
  };
}

function imageWarnings(models: Readonly<Record<string, ModelPlan>>): string[] {
  const images = Object.values(models).flatMap(({ population, servers }) => [
    population.image,
    ...Object.values(servers).map(({ image }) => image),
  ]);
  const byTag = [...new Set(images)].filter((image) => !hasDigest(image));
  return byTag.length === 0
    ? []
    : [`images named by a tag can change in their registry; add a digest to ${byTag.join(", ")}`];
}

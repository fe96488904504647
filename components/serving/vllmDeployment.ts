import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { UpdateStrategy } from "../../plan/accessModes";
import { serviceNameProblem } from "../../plan/names";
import { parallelismProblems } from "../../plan/parallelism";
import type { Problem } from "../../plan/problems";
import { isQuantity, quantityProblem, type Quantity } from "../../plan/quantity";
import { vllmArgProblems, vllmEnvProblems, type VllmArgs } from "../../plan/vllm";
import type { ComputeResources } from "../computeResources";
import { detached } from "../detached";
import {
  modelPathProblem,
  problemAt,
  rejectInvalidArguments,
  wholeNumberProblem,
} from "../invalidArguments";
import { modelstoreLabels, selectorLabels } from "../labels";
import { vllmPodSpec } from "./vllmPod";

/** From where a Service can be reached. @see https://kubernetes.io/docs/concepts/services-networking/service/#publishing-services-service-types */
export const ServiceType = {
  /** From within the cluster. */
  ClusterIP: "ClusterIP",
  /** From wherever the load balancer answers; vLLM asks nobody for credentials. */
  LoadBalancer: "LoadBalancer",
} as const;
export type ServiceType = (typeof ServiceType)[keyof typeof ServiceType];

/** What a {@link VllmDeployment} can be told. */
export interface VllmDeploymentArgs {
  /**
   * `metadata.name` of Deployment and Service. Fixed, because clients use it as host name.
   *
   * @defaultValue - the component's name
   */
  readonly serviceName?: string;
  /**
   * The namespace of the claim, where the server runs.
   *
   * @defaultValue - the provider's default namespace
   */
  readonly namespace?: pulumi.Input<string>;
  /** The PersistentVolumeClaim that holds the model. */
  readonly claimName: pulumi.Input<string>;
  /** The model's directory in the volume, relative. */
  readonly path: string;
  /**
   * The revision that lies there. It has no effect but that a new one replaces the pods, which have the old one loaded.
   * Where it comes from is no dependency: name the population in `dependsOn`.
   *
   * @defaultValue - none: a new revision at the same path is served after the next restart
   */
  readonly revision?: pulumi.Input<string | undefined>;
  /** An image with `vllm` on its path, preferably by digest. */
  readonly image: pulumi.Input<string>;
  /** The name by which clients ask for the model. */
  readonly servedModelName: pulumi.Input<string>;
  /**
   * How many servers answer. More than one also get a disruption budget.
   *
   * @defaultValue `1`
   */
  readonly replicas?: number;
  /**
   * How pods are replaced; `RollingUpdate` only on a volume that old and new pod can mount from two nodes at once.
   *
   * @defaultValue `"Recreate"`, which works on every volume
   */
  readonly updateStrategy?: UpdateStrategy;
  /**
   * GPUs per server (`nvidia.com/gpu`); 0 serves on the CPU. Several are used by tensor parallelism unless `args` say
   * otherwise.
   *
   * @defaultValue `1`
   */
  readonly gpus?: number;
  /**
   * Flags of `vllm serve` without their dashes, e.g. `{ "max-model-len": 8192 }`. The model, its served name, host and
   * port are the server's own.
   *
   * @defaultValue - none
   * @see https://docs.vllm.ai/en/latest/cli/serve/
   */
  readonly args?: VllmArgs;
  /**
   * Environment variables. Those that would let the server download are refused.
   *
   * @defaultValue - only the server's own
   */
  readonly env?: Readonly<Record<string, pulumi.Input<string>>>;
  /**
   * What the server asks for and may use, GPUs aside.
   *
   * @defaultValue - nothing is set aside, and the node is the limit
   */
  readonly resources?: ComputeResources;
  /**
   * Labels of nodes that the server may run on.
   *
   * @defaultValue - any node
   */
  readonly nodeSelector?: pulumi.Input<Record<string, pulumi.Input<string>>>;
  /**
   * Taints that the server puts up with, besides `nvidia.com/gpu` where it uses GPUs.
   *
   * @defaultValue - none
   */
  readonly tolerations?: pulumi.Input<readonly pulumi.Input<k8s.types.input.core.v1.Toleration>[]>;
  /**
   * Further constraints on the server's node.
   *
   * @defaultValue - none
   */
  readonly affinity?: pulumi.Input<k8s.types.input.core.v1.Affinity>;
  /**
   * From where the server can be reached.
   *
   * @defaultValue `"ClusterIP"`
   */
  readonly serviceType?: ServiceType;
  /**
   * Port of the Service.
   *
   * @defaultValue `8000`
   */
  readonly port?: number;
  /**
   * Size of `/dev/shm`, through which the processes of one server talk. It counts towards the memory limit.
   *
   * @defaultValue `"2Gi"`
   */
  readonly sharedMemorySize?: Quantity;
  /**
   * Seconds that a starting server has until it answers; then it is restarted.
   *
   * @defaultValue `1800`; better computed from the model's size and the volume's speed
   */
  readonly startupBudgetSeconds?: number;
  /**
   * Seconds that a stopping server has to finish what it is answering.
   *
   * @defaultValue `60`
   */
  readonly terminationGracePeriodSeconds?: number;
}

/**
 * A vLLM server that reads a model from a volume, and the Service in front of it.
 *
 * ```
 * VllmDeployment name
 * ├─ Deployment           name
 * ├─ Service              name-service
 * └─ PodDisruptionBudget  name-disruption-budget, for more than one replica
 * ```
 *
 * @remarks
 * The server mounts the volume read-only and downloads nothing: have it depend on the model's population. It satisfies
 * the `restricted` Pod Security Standard; everything that vLLM writes goes to volumes that vanish with the pod.
 */
export class VllmDeployment extends pulumi.ComponentResource {
  /** The Deployment. */
  readonly deployment: k8s.apps.v1.Deployment;
  /** The Service. */
  readonly service: k8s.core.v1.Service;
  /** Where clients within the cluster find the OpenAI-compatible API, e.g. `http://llama.models.svc:8000`. */
  readonly endpoint: pulumi.Output<string>;
  /** The name by which clients ask for the model. */
  readonly servedModelName: pulumi.Output<string>;

  /**
   * @param name - The Pulumi name, and that of Deployment and Service unless the arguments give another.
   * @param args - Which model is served, and how.
   * @param opts - Pulumi's options.
   */
  constructor(name: string, args: VllmDeploymentArgs, opts?: pulumi.ComponentResourceOptions) {
    const resolved = resolveVllmDeploymentArgs(name, args);
    super("modelstore:index:VllmDeployment", name, {}, opts);

    const { revision, ...server } = resolved;
    const { serviceName, namespace, replicas, port } = server;
    const labels = modelstoreLabels("serving", "vllm", serviceName);
    const selector = selectorLabels("vllm", serviceName);
    const readySeconds = resolved.startupBudgetSeconds + placementSeconds;

    this.deployment = new k8s.apps.v1.Deployment(
      name,
      {
        metadata: { name: serviceName, namespace, labels },
        spec: {
          replicas,
          selector: { matchLabels: selector },
          strategy: strategies[resolved.updateStrategy],
          // Kubernetes and Pulumi would otherwise call a server stuck that is still loading.
          progressDeadlineSeconds: readySeconds,
          template: {
            metadata: {
              labels,
              annotations: detached(pulumi.output(revision)).apply(revisionAnnotation),
            },
            spec: pulumi.output(server).apply(vllmPodSpec),
          },
        },
      },
      { parent: this, customTimeouts: rolloutTimeouts(resolved, readySeconds) },
    );
    this.service = new k8s.core.v1.Service(
      `${name}-service`,
      {
        metadata: {
          name: serviceName,
          namespace,
          labels,
          annotations:
            resolved.serviceType === ServiceType.ClusterIP ? skipAwaitingEndpoints : undefined,
        },
        spec: {
          type: resolved.serviceType,
          selector,
          ports: [{ name: "http", port, targetPort: "http", protocol: "TCP" }],
        },
      },
      { parent: this, dependsOn: [this.deployment] },
    );
    if (replicas > 1) {
      new k8s.policy.v1.PodDisruptionBudget(
        `${name}-disruption-budget`,
        {
          metadata: { name: serviceName, namespace, labels },
          spec: {
            maxUnavailable: 1,
            // A server that never gets ready must not keep its node from being drained.
            unhealthyPodEvictionPolicy: "AlwaysAllow",
            selector: { matchLabels: selector },
          },
        },
        { parent: this },
      );
    }

    this.endpoint = this.service.metadata.apply(
      ({ name, namespace }) => `http://${name}.${namespace}.svc:${port}`,
    );
    this.servedModelName = pulumi.output(resolved.servedModelName);
    this.registerOutputs({
      deployment: this.deployment,
      service: this.service,
      endpoint: this.endpoint,
      servedModelName: this.servedModelName,
    });
  }
}

/** Time for a pod to be scheduled and its image, some 10 GB with CUDA, to be pulled. */
const placementSeconds = 1200;

/** The Deployment has been awaited by then, and a server with no replicas never has endpoints. */
const skipAwaitingEndpoints = { "pulumi.com/skipAwait": "true" };

/**
 * The rolling numbers are spelled out, although they are nearly the default: what is not ours cannot be removed when the
 * strategy changes, and Kubernetes refuses `Recreate` beside them.
 */
const strategies = {
  Recreate: { type: "Recreate" },
  RollingUpdate: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
} satisfies Record<UpdateStrategy, k8s.types.input.apps.v1.DeploymentStrategy>;

/** Pods that are replaced one after another take a whole start each. */
function rolloutTimeouts(
  { updateStrategy, replicas }: ResolvedVllmDeploymentArgs,
  readySeconds: number,
): pulumi.CustomTimeouts {
  const rounds = updateStrategy === UpdateStrategy.RollingUpdate ? Math.max(replicas, 1) : 1;
  return { create: `${readySeconds}s`, update: `${rounds * readySeconds}s` };
}

function revisionAnnotation(revision: string | undefined): Record<string, string> {
  return revision === undefined ? {} : { "modelstore/revision": revision };
}

/** {@link VllmDeploymentArgs} with every default in place. */
export type ResolvedVllmDeploymentArgs = Omit<VllmDeploymentArgs, keyof Defaulted> & Defaulted;

type Defaulted = Required<
  Pick<
    VllmDeploymentArgs,
    | "serviceName"
    | "replicas"
    | "updateStrategy"
    | "gpus"
    | "args"
    | "env"
    | "serviceType"
    | "port"
    | "sharedMemorySize"
    | "startupBudgetSeconds"
    | "terminationGracePeriodSeconds"
  >
>;

/**
 * Puts the defaults in place and refuses what cannot work.
 *
 * @throws pulumi.RunError naming every invalid argument.
 */
export function resolveVllmDeploymentArgs(
  name: string,
  args: VllmDeploymentArgs,
): ResolvedVllmDeploymentArgs {
  const resolved = {
    ...args,
    serviceName: args.serviceName ?? name,
    replicas: args.replicas ?? 1,
    updateStrategy: args.updateStrategy ?? UpdateStrategy.Recreate,
    gpus: args.gpus ?? 1,
    args: args.args ?? {},
    env: args.env ?? {},
    serviceType: args.serviceType ?? ServiceType.ClusterIP,
    port: args.port ?? 8000,
    sharedMemorySize: args.sharedMemorySize ?? "2Gi",
    startupBudgetSeconds: args.startupBudgetSeconds ?? 1800,
    terminationGracePeriodSeconds: args.terminationGracePeriodSeconds ?? 60,
  };
  rejectInvalidArguments("modelstore:index:VllmDeployment", name, problems(resolved));
  return resolved;
}

function problems(args: ResolvedVllmDeploymentArgs): Problem[] {
  return [
    ...problemAt(["serviceName"], serviceNameProblem(args.serviceName)),
    ...problemAt(["path"], modelPathProblem(args.path)),
    ...problemAt(["replicas"], wholeNumberProblem(args.replicas, 0)),
    ...problemAt(["gpus"], wholeNumberProblem(args.gpus, 0)),
    ...parallelismProblems(args.args, args.gpus, ["gpus"]),
    ...vllmArgProblems(args.args),
    ...vllmEnvProblems(Object.keys(args.env)),
    ...problemAt(["port"], wholeNumberProblem(args.port, 1, 65535)),
    ...problemAt(
      ["sharedMemorySize"],
      isQuantity(args.sharedMemorySize) ? undefined : quantityProblem(args.sharedMemorySize),
    ),
    ...problemAt(["startupBudgetSeconds"], wholeNumberProblem(args.startupBudgetSeconds, 1)),
    ...problemAt(
      ["terminationGracePeriodSeconds"],
      wholeNumberProblem(args.terminationGracePeriodSeconds, 1),
    ),
  ];
}

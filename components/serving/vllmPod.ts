import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { gpuToleration, renderVllmArgs, withParallelism } from "../../plan/vllm";
import { restrictedContainer, restrictedPod } from "../podSecurity";
import type { ResolvedVllmDeploymentArgs } from "./vllmDeployment";

/** Where the volume is mounted: all of it, because a model's path may be a link to another directory of the volume. */
const modelsDirectory = "/models";

/** Where everything goes that vLLM and its libraries want to keep; it vanishes with the pod. */
const cacheDirectory = "/cache";

const containerPort = 8000;

/** What the pods of a server are made of: the arguments of a VllmDeployment, defaults in place, all of it known. */
export type VllmServer = pulumi.Unwrap<Omit<ResolvedVllmDeploymentArgs, "revision">>;

/** The specification of a vLLM server's pods. */
export function vllmPodSpec(server: VllmServer): k8s.types.input.core.v1.PodSpec {
  return {
    // A Service whose name starts with "vllm" would otherwise set VLLM_PORT, which vLLM reads as its own.
    enableServiceLinks: false,
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: server.terminationGracePeriodSeconds,
    securityContext: restrictedPod,
    nodeSelector: server.nodeSelector,
    tolerations: tolerations(server),
    affinity: server.affinity,
    containers: [
      {
        name: "vllm",
        image: server.image,
        command: ["vllm", "serve"],
        args: [
          `${modelsDirectory}/${server.path}`,
          `--served-model-name=${server.servedModelName}`,
          "--host=0.0.0.0",
          `--port=${containerPort}`,
          ...renderVllmArgs(withParallelism(server.args, server.gpus)),
        ],
        env: environment(server.env),
        ports: [{ name: "http", containerPort, protocol: "TCP" }],
        // Kubernetes requests as many GPUs as the limit says.
        resources: resources(server),
        securityContext: restrictedContainer,
        // vLLM's last words say why it stopped; without this they are in the logs alone.
        terminationMessagePolicy: "FallbackToLogsOnError",
        startupProbe: {
          ...healthCheck,
          failureThreshold: Math.ceil(server.startupBudgetSeconds / healthCheck.periodSeconds),
        },
        readinessProbe: { ...healthCheck, failureThreshold: 3 },
        // Patient: a server that is busy with long prompts is not one that hangs, and a restart loads all weights again.
        livenessProbe: { ...healthCheck, failureThreshold: 12 },
        volumeMounts: [
          { name: "model", mountPath: modelsDirectory, readOnly: true },
          { name: "cache", mountPath: cacheDirectory },
          { name: "tmp", mountPath: "/tmp" },
          { name: "shared-memory", mountPath: "/dev/shm" },
        ],
      },
    ],
    volumes: [
      { name: "model", persistentVolumeClaim: { claimName: server.claimName, readOnly: true } },
      { name: "cache", emptyDir: {} },
      { name: "tmp", emptyDir: {} },
      { name: "shared-memory", emptyDir: { medium: "Memory", sizeLimit: server.sharedMemorySize } },
    ],
  };
}

const healthCheck = {
  httpGet: { path: "/health", port: "http" },
  periodSeconds: 10,
  timeoutSeconds: 5,
};

/** Nothing is downloaded, nothing is reported, and whatever is written goes to the cache: the root is read-only. */
const ownEnvironment: Readonly<Record<string, string>> = {
  HF_HUB_OFFLINE: "1",
  VLLM_NO_USAGE_STATS: "1",
  // The user of the pod is in no image's /etc/passwd, and torch asks for its name.
  USER: "vllm",
  HOME: cacheDirectory,
  HF_HOME: `${cacheDirectory}/huggingface`,
  XDG_CACHE_HOME: `${cacheDirectory}/xdg`,
  XDG_CONFIG_HOME: `${cacheDirectory}/config`,
  VLLM_CACHE_ROOT: `${cacheDirectory}/vllm`,
  VLLM_CONFIG_ROOT: `${cacheDirectory}/config/vllm`,
  TRITON_CACHE_DIR: `${cacheDirectory}/triton`,
  TORCHINDUCTOR_CACHE_DIR: `${cacheDirectory}/torchinductor`,
};

/** In the order of the names, so that no reordering restarts a server. */
function environment(given: Readonly<Record<string, string>>) {
  return Object.entries({ ...ownEnvironment, ...given })
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => ({ name, value }));
}

function tolerations({ tolerations = [], gpus }: VllmServer) {
  const given = tolerations.some(({ key }) => key === gpuToleration.key);
  return gpus > 0 && !given ? [...tolerations, gpuToleration] : [...tolerations];
}

function resources({ resources, gpus }: VllmServer) {
  return gpus > 0
    ? { ...resources, limits: { ...resources?.limits, "nvidia.com/gpu": String(gpus) } }
    : resources;
}

import * as k8s from "@pulumi/kubernetes";
import {
  AccessMode,
  ExistingStorageClass,
  ModelPopulation,
  ModelVolume,
  VllmDeployment,
} from "../../components";

const namespace = "assistant";
const path = "qwen2.5-7b-instruct";
const revision = "a09a35458c702b33eeacc393d103063234e8bc28";
const gpuNodes = { "nvidia.com/gpu.product": "NVIDIA-L40S" };

const block = new ExistingStorageClass("block", {
  storageClassName: "gp3",
  accessModes: [AccessMode.ReadWriteOnce],
});

const weights = new ModelVolume("weights", {
  namespace,
  storage: block,
  accessModes: [AccessMode.ReadWriteOnce],
  size: "40Gi",
});

const population = new ModelPopulation("qwen", {
  namespace: weights.namespace,
  claimName: weights.claimName,
  source: `hf://Qwen/Qwen2.5-7B-Instruct@${revision}`,
  path,
  image: "docker.io/library/node:20.20.2-bookworm-slim",
  // A block volume comes into being where its first pod runs, and that is the loader: send it to the GPUs' nodes.
  nodeSelector: gpuNodes,
});

const server = new VllmDeployment(
  "qwen",
  {
    namespace: weights.namespace,
    claimName: weights.claimName,
    path,
    revision,
    image: "docker.io/vllm/vllm-openai:v0.32.0",
    servedModelName: "qwen",
    gpus: 1,
    args: { "max-model-len": 16384, "enable-auto-tool-choice": true, "tool-call-parser": "hermes" },
    nodeSelector: gpuNodes,
  },
  { dependsOn: [population] },
);

// The team's own part: their application reads from here where its model is.
new k8s.core.v1.ConfigMap("assistant", {
  metadata: { name: "assistant", namespace },
  data: {
    OPENAI_BASE_URL: server.endpoint.apply((endpoint) => `${endpoint}/v1`),
    OPENAI_MODEL: server.servedModelName,
  },
});

/** Where the model answers within the cluster. */
export const endpoint = server.endpoint;

/** What the loader did: revision, files, bytes, rate; null before it has run. */
export const populated = population.result.apply((result) => result ?? null);

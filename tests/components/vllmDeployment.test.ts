import assert from "node:assert/strict";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { VllmDeployment, type VllmDeploymentArgs } from "../../components";
import { dependenciesOf, made, the, tree, valueOf } from "../support/mocks";
import { restrictionViolations } from "../support/podSecurity";

const deploymentType = "kubernetes:apps/v1:Deployment";
const serviceType = "kubernetes:core/v1:Service";
const budgetType = "kubernetes:policy/v1:PodDisruptionBudget";
const base: VllmDeploymentArgs = {
  namespace: "models",
  claimName: "weights",
  path: "acme/tiny/main",
  image: "docker.io/vllm/vllm-openai:v0.32.0",
  servedModelName: "tiny",
};
const selector = { "app.kubernetes.io/name": "vllm", "app.kubernetes.io/instance": "tiny" };
const labels = {
  ...selector,
  "app.kubernetes.io/component": "serving",
  "app.kubernetes.io/managed-by": "modelstore",
  "app.kubernetes.io/part-of": "modelstore",
};

function serve(args: Partial<VllmDeploymentArgs> = {}) {
  return made((opts) => new VllmDeployment("tiny", { ...base, ...args }, opts));
}

interface Container {
  readonly args: string[];
  readonly env: { name: string; value: string }[];
  readonly resources?: unknown;
  readonly startupProbe: { periodSeconds: number; failureThreshold: number };
  readonly livenessProbe: { periodSeconds: number; failureThreshold: number };
}

interface DeploymentSpec {
  readonly replicas: number;
  readonly strategy: unknown;
  readonly progressDeadlineSeconds: number;
  readonly template: {
    readonly metadata: { readonly annotations?: Record<string, string> };
    readonly spec: {
      readonly containers: readonly [Container];
      readonly tolerations?: unknown[];
      readonly nodeSelector?: unknown;
      readonly affinity?: unknown;
    };
  };
}

async function deploymentSpec(args: Partial<VllmDeploymentArgs> = {}): Promise<DeploymentSpec> {
  const { resources } = await serve(args);
  return the(resources, deploymentType).inputs["spec"] as DeploymentSpec;
}

async function container(args: Partial<VllmDeploymentArgs> = {}): Promise<Container> {
  return (await deploymentSpec(args)).template.spec.containers[0];
}

describe("VllmDeployment", () => {
  it("makes a Deployment and a Service of fixed names", async () => {
    const { result, resources } = await serve();

    assert.deepEqual(tree(resources), [
      "modelstore:index:VllmDeployment tiny",
      `${deploymentType} tiny`,
      `${serviceType} tiny-service`,
    ]);
    assert.deepEqual(the(resources, deploymentType).inputs["metadata"], {
      name: "tiny",
      namespace: "models",
      labels,
    });
    assert.deepEqual(the(resources, serviceType).inputs, {
      apiVersion: "v1",
      kind: "Service",
      metadata: {
        name: "tiny",
        namespace: "models",
        labels,
        annotations: { "pulumi.com/skipAwait": "true" },
      },
      spec: {
        type: "ClusterIP",
        selector,
        ports: [{ name: "http", port: 8000, targetPort: "http", protocol: "TCP" }],
      },
    });
    assert.equal(await valueOf(result.endpoint), "http://tiny.models.svc:8000");
    assert.equal(await valueOf(result.servedModelName), "tiny");
  });

  it("describes the Deployment completely", async () => {
    const { resources } = await serve({ revision: "second" });

    const health = {
      httpGet: { path: "/health", port: "http" },
      periodSeconds: 10,
      timeoutSeconds: 5,
    };
    assert.deepEqual(the(resources, deploymentType).inputs["spec"], {
      replicas: 1,
      selector: { matchLabels: selector },
      strategy: { type: "Recreate" },
      progressDeadlineSeconds: 3000,
      template: {
        metadata: { labels, annotations: { "modelstore/revision": "second" } },
        spec: {
          enableServiceLinks: false,
          automountServiceAccountToken: false,
          terminationGracePeriodSeconds: 60,
          securityContext: {
            runAsNonRoot: true,
            runAsUser: 1000,
            runAsGroup: 1000,
            fsGroup: 1000,
            fsGroupChangePolicy: "OnRootMismatch",
            seccompProfile: { type: "RuntimeDefault" },
          },
          tolerations: [{ key: "nvidia.com/gpu", operator: "Exists", effect: "NoSchedule" }],
          containers: [
            {
              name: "vllm",
              image: "docker.io/vllm/vllm-openai:v0.32.0",
              command: ["vllm", "serve"],
              args: [
                "/models/acme/tiny/main",
                "--served-model-name=tiny",
                "--host=0.0.0.0",
                "--port=8000",
              ],
              env: [
                { name: "HF_HOME", value: "/cache/huggingface" },
                { name: "HF_HUB_OFFLINE", value: "1" },
                { name: "HOME", value: "/cache" },
                { name: "TORCHINDUCTOR_CACHE_DIR", value: "/cache/torchinductor" },
                { name: "TRITON_CACHE_DIR", value: "/cache/triton" },
                { name: "USER", value: "vllm" },
                { name: "VLLM_CACHE_ROOT", value: "/cache/vllm" },
                { name: "VLLM_CONFIG_ROOT", value: "/cache/config/vllm" },
                { name: "VLLM_NO_USAGE_STATS", value: "1" },
                { name: "XDG_CACHE_HOME", value: "/cache/xdg" },
                { name: "XDG_CONFIG_HOME", value: "/cache/config" },
              ],
              ports: [{ name: "http", containerPort: 8000, protocol: "TCP" }],
              resources: { limits: { "nvidia.com/gpu": "1" } },
              securityContext: {
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                capabilities: { drop: ["ALL"] },
              },
              terminationMessagePolicy: "FallbackToLogsOnError",
              startupProbe: { ...health, failureThreshold: 180 },
              readinessProbe: { ...health, failureThreshold: 3 },
              livenessProbe: { ...health, failureThreshold: 12 },
              volumeMounts: [
                { name: "model", mountPath: "/models", readOnly: true },
                { name: "cache", mountPath: "/cache" },
                { name: "tmp", mountPath: "/tmp" },
                { name: "shared-memory", mountPath: "/dev/shm" },
              ],
            },
          ],
          volumes: [
            { name: "model", persistentVolumeClaim: { claimName: "weights", readOnly: true } },
            { name: "cache", emptyDir: {} },
            { name: "tmp", emptyDir: {} },
            { name: "shared-memory", emptyDir: { medium: "Memory", sizeLimit: "2Gi" } },
          ],
        },
      },
    });
  });

  it("serves on the CPU, asking for no GPU and tolerating no taint", async () => {
    const spec = await deploymentSpec({
      gpus: 0,
      resources: { requests: { cpu: "500m" }, limits: { memory: "4Gi" } },
    });

    assert.equal(spec.template.spec.tolerations?.length ?? 0, 0);
    assert.deepEqual(spec.template.spec.containers[0].resources, {
      requests: { cpu: "500m" },
      limits: { memory: "4Gi" },
    });
  });

  it("uses every GPU that it asks for, beside processor and memory", async () => {
    const server = await container({
      gpus: 4,
      resources: { requests: { cpu: "4", memory: "24Gi" }, limits: { memory: "32Gi" } },
    });

    assert.deepEqual(server.resources, {
      requests: { cpu: "4", memory: "24Gi" },
      limits: { memory: "32Gi", "nvidia.com/gpu": "4" },
    });
    assert.equal(server.args.at(-1), "--tensor-parallel-size=4");
  });

  it("leaves parallelism to the flags where they state one", async () => {
    const { args } = await container({ gpus: 4, args: { "pipeline-parallel-size": 4 } });

    assert.deepEqual(args.slice(4), ["--pipeline-parallel-size=4"]);
  });

  it("writes flags in the order of their names", async () => {
    const { args } = await container({
      args: {
        "max-model-len": 8192,
        "enforce-eager": true,
        "enable-prefix-caching": false,
        "disable-log-stats": false,
        "allowed-media-domains": ["a.example", "b.example"],
        "speculative-config": { method: "ngram" },
        dtype: "bfloat16",
      },
    });

    assert.deepEqual(args.slice(4), [
      "--allowed-media-domains",
      "a.example",
      "b.example",
      "--dtype=bfloat16",
      "--no-enable-prefix-caching",
      "--enforce-eager",
      "--max-model-len=8192",
      '--speculative-config={"method":"ngram"}',
    ]);
  });

  it("takes more variables, and other values for its own", async () => {
    const { env } = await container({ env: { VLLM_CPU_KVCACHE_SPACE: "1", HOME: "/tmp" } });

    assert.deepEqual(
      env.filter(({ name }) => ["HOME", "VLLM_CPU_KVCACHE_SPACE"].includes(name)),
      [
        { name: "HOME", value: "/tmp" },
        { name: "VLLM_CPU_KVCACHE_SPACE", value: "1" },
      ],
    );
  });

  it("goes where it is told, tolerating the taint of GPUs once", async () => {
    const placement = {
      nodeSelector: { pool: "gpu" },
      tolerations: [{ key: "nvidia.com/gpu", operator: "Exists" }],
      affinity: { podAffinity: {} },
    };
    const { spec } = (await deploymentSpec(placement)).template;

    assert.deepEqual(spec.nodeSelector, placement.nodeSelector);
    assert.deepEqual(spec.tolerations, placement.tolerations);
    assert.deepEqual(spec.affinity, placement.affinity);
  });

  it("has time to start: the probe, the Deployment and Pulumi all wait", async () => {
    const { resources } = await serve({ startupBudgetSeconds: 605 });

    const { inputs, options } = the(resources, deploymentType);
    const spec = inputs["spec"] as DeploymentSpec;
    const { startupProbe } = spec.template.spec.containers[0];
    assert.equal(startupProbe.periodSeconds * startupProbe.failureThreshold, 610);
    assert.equal(spec.progressDeadlineSeconds, 1805);
    assert.deepEqual(options.customTimeouts, { create: "1805s", update: "1805s" });
  });

  it("replaces pods one after another where the volume allows it, and waits for all of them", async () => {
    const { resources } = await serve({ replicas: 3, updateStrategy: "RollingUpdate" });

    const { inputs, options } = the(resources, deploymentType);
    assert.deepEqual((inputs["spec"] as DeploymentSpec).strategy, {
      type: "RollingUpdate",
      rollingUpdate: { maxSurge: 1, maxUnavailable: 0 },
    });
    assert.deepEqual(options.customTimeouts, { create: "3000s", update: "9000s" });
  });

  it("keeps all but one of several replicas through drains", async () => {
    const { resources } = await serve({ replicas: 2 });

    assert.equal(tree(resources).at(-1), `${budgetType} tiny-disruption-budget`);
    const { inputs } = the(resources, budgetType);
    assert.deepEqual(inputs["metadata"], { name: "tiny", namespace: "models", labels });
    assert.deepEqual(inputs["spec"], {
      maxUnavailable: 1,
      unhealthyPodEvictionPolicy: "AlwaysAllow",
      selector: { matchLabels: selector },
    });
  });

  it("can be scaled to nothing", async () => {
    const { resources } = await serve({ replicas: 0, updateStrategy: "RollingUpdate" });

    assert.equal((the(resources, deploymentType).inputs["spec"] as DeploymentSpec).replicas, 0);
    assert.deepEqual(the(resources, deploymentType).options.customTimeouts, {
      create: "3000s",
      update: "3000s",
    });
  });

  it("has its Service after the Deployment, and waits for a load balancer alone", async () => {
    const { resources } = await serve({ serviceType: "LoadBalancer", port: 80 });

    const { inputs, options } = the(resources, serviceType);
    assert.deepEqual(options.dependsOn, [the(resources, deploymentType).resource]);
    assert.equal((inputs["metadata"] as { annotations?: unknown }).annotations, undefined);
    const { type, ports } = inputs["spec"] as { type: string; ports: unknown };
    assert.equal(type, "LoadBalancer");
    assert.deepEqual(ports, [{ name: "http", port: 80, targetPort: "http", protocol: "TCP" }]);
  });

  it("takes the revision without what it comes from, so that a Job made anew deletes no server", async () => {
    const { resources } = await made((opts) => {
      const job = new k8s.batch.v1.Job("tiny", { metadata: { name: "tiny-1" } }, opts);
      return new VllmDeployment("tiny", { ...base, revision: job.metadata.name }, opts);
    });

    const { inputs, props } = the(resources, deploymentType);
    assert.deepEqual((inputs["spec"] as DeploymentSpec).template.metadata.annotations, {
      "modelstore/revision": "tiny-1",
    });
    assert.equal((await dependenciesOf(pulumi.output(props["spec"]))).size, 0);
  });

  it("satisfies the restricted Pod Security Standard", async () => {
    const { resources } = await serve();

    assert.deepEqual(restrictionViolations(resources), []);
  });

  it("fails when its flags use more GPUs than it has", async () => {
    await assert.rejects(serve({ gpus: 1, args: { "tensor-parallel-size": 4 } }), {
      message: `modelstore:index:VllmDeployment "tiny" has 1 invalid argument
  gpus: got 1, but tensor-parallel-size in args uses 4; write 4`,
    });
  });

  it("fails when it would be told what it knows, or could be made to download", async () => {
    await assert.rejects(
      serve({
        serviceName: "8b",
        path: "/models",
        replicas: -1,
        gpus: 0.5,
        args: { model: "gpt2", "--dtype": "auto", "allowed-origins": [], hf_token: "hf_x" },
        env: { HF_TOKEN: "hf_x", HF_HUB_OFFLINE: "0", "MAX-LEN": "1" },
        port: 0,
        sharedMemorySize: "2GB" as "2Gi",
        startupBudgetSeconds: 0,
        terminationGracePeriodSeconds: 0,
      }),
      {
        message: `modelstore:index:VllmDeployment "tiny" has 15 invalid arguments
  serviceName: got "8b", expected a name that begins with a letter, as a Service's must
  path: got "/models", which is absolute; write a directory relative to the volume's root such as "org/repo/revision"
  replicas: got -1, expected a whole number of at least 0
  gpus: got 0.5, expected a whole number of at least 0
  args.model: is reserved: the server serves the model of its volume; remove it
  args.--dtype: got "--dtype", expected the name of a vllm serve flag without its leading dashes such as "max-model-len"; write "dtype"
  args.allowed-origins: got [], expected at least one value; remove it
  args.hf_token: is reserved: the server never downloads, and arguments are readable by everybody who can see the pod; remove it
  env.HF_TOKEN: is reserved: the server never downloads; the token belongs to the model's population alone; remove it
  env.HF_HUB_OFFLINE: is reserved: the server never downloads; remove it
  env.MAX-LEN: got "MAX-LEN", expected the name of an environment variable: letters, digits and underscores
  port: got 0, expected a whole number from 1 to 65535
  sharedMemorySize: got "2GB", expected a Kubernetes quantity with a binary unit such as "500Gi"
  startupBudgetSeconds: got 0, expected a whole number of at least 1
  terminationGracePeriodSeconds: got 0, expected a whole number of at least 1`,
      },
    );
  });
});

import assert from "node:assert/strict";
import { ModelPopulation, type ModelPopulationArgs } from "../../components";
import { bundleLoader } from "../../loader/bundle";
import { made, the, tree, valueOf, type MockSettings } from "../support/mocks";
import { restrictionViolations } from "../support/podSecurity";

const jobType = "kubernetes:batch/v1:Job";
const configMapType = "kubernetes:core/v1:ConfigMap";
const commit = "0e9e39f249a16976918f6564b8830bc894c89659";
const base: ModelPopulationArgs = {
  namespace: "models",
  claimName: "weights",
  source: `hf://acme/tiny@${commit}`,
  path: `acme/tiny/${commit}`,
  image: "docker.io/library/node:20.20.2-bookworm-slim",
};

function populate(args: Partial<ModelPopulationArgs> = {}, settings: MockSettings = {}) {
  return made((opts) => new ModelPopulation("tiny", { ...base, ...args }, opts), settings);
}

async function jobName(args: Partial<ModelPopulationArgs> = {}): Promise<string> {
  const { resources } = await populate(args);
  return nameOf(the(resources, jobType).inputs);
}

function nameOf(inputs: Readonly<Record<string, unknown>>): string {
  return (inputs["metadata"] as { name: string }).name;
}

describe("ModelPopulation", () => {
  it("makes a Job with its loader, and an account that may write the result to this one Job", async () => {
    const { resources } = await populate();

    assert.deepEqual(tree(resources), [
      "modelstore:index:ModelPopulation tiny",
      "kubernetes:core/v1:ServiceAccount tiny-service-account",
      "kubernetes:rbac.authorization.k8s.io/v1:Role tiny-role",
      "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding tiny-role-binding",
      `${configMapType} tiny-loader`,
      `${jobType} tiny`,
    ]);
    const name = nameOf(the(resources, jobType).inputs);
    assert.match(name, /^tiny-populate-[0-9a-f]{10}$/);
    assert.equal(
      the(resources, "kubernetes:core/v1:ServiceAccount").inputs["automountServiceAccountToken"],
      false,
    );
    assert.deepEqual(
      the(resources, "kubernetes:rbac.authorization.k8s.io/v1:Role").inputs["rules"],
      [{ apiGroups: ["batch"], resources: ["jobs"], resourceNames: [name], verbs: ["patch"] }],
    );
    const binding = the(resources, "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding").inputs;
    assert.deepEqual(binding["roleRef"], {
      apiGroup: "rbac.authorization.k8s.io",
      kind: "Role",
      name: "tiny-populate",
    });
    assert.deepEqual(binding["subjects"], [
      { kind: "ServiceAccount", name: "tiny-populate", namespace: "models" },
    ]);
  });

  it("describes the Job completely", async () => {
    const { resources } = await populate();

    const { inputs } = the(resources, jobType);
    const labels = {
      "app.kubernetes.io/name": "modelstore-loader",
      "app.kubernetes.io/instance": "tiny",
      "app.kubernetes.io/component": "population",
      "app.kubernetes.io/managed-by": "modelstore",
      "app.kubernetes.io/part-of": "modelstore",
    };
    const name = nameOf(inputs);
    assert.deepEqual(inputs["metadata"], {
      name,
      namespace: "models",
      labels,
      annotations: { "pulumi.com/replaceUnready": "true" },
    });
    assert.deepEqual(inputs["spec"], {
      completions: 1,
      parallelism: 1,
      backoffLimit: 5,
      activeDeadlineSeconds: 21600,
      podReplacementPolicy: "Failed",
      podFailurePolicy: {
        rules: [
          {
            action: "FailJob",
            onExitCodes: { containerName: "loader", operator: "In", values: [64, 65, 66, 73, 77] },
          },
          { action: "Ignore", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] },
        ],
      },
      template: {
        metadata: { labels },
        spec: {
          restartPolicy: "Never",
          serviceAccountName: "tiny-populate",
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          terminationGracePeriodSeconds: 30,
          securityContext: {
            runAsNonRoot: true,
            runAsUser: 1000,
            runAsGroup: 1000,
            fsGroup: 1000,
            fsGroupChangePolicy: "OnRootMismatch",
            seccompProfile: { type: "RuntimeDefault" },
          },
          containers: [
            {
              name: "loader",
              image: "docker.io/library/node:20.20.2-bookworm-slim",
              command: [
                "node",
                "/opt/modelstore/loader.js",
                "populate",
                "/opt/modelstore/population.json",
              ],
              terminationMessagePolicy: "FallbackToLogsOnError",
              securityContext: {
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                capabilities: { drop: ["ALL"] },
              },
              volumeMounts: [
                { name: "model", mountPath: "/volume" },
                { name: "loader", mountPath: "/opt/modelstore", readOnly: true },
                {
                  name: "result-access",
                  mountPath: "/var/run/secrets/kubernetes.io/serviceaccount",
                  readOnly: true,
                },
                { name: "tmp", mountPath: "/tmp" },
              ],
            },
          ],
          volumes: [
            { name: "model", persistentVolumeClaim: { claimName: "weights" } },
            { name: "loader", configMap: { name } },
            {
              name: "result-access",
              projected: {
                sources: [
                  { serviceAccountToken: { path: "token", expirationSeconds: 3600 } },
                  {
                    configMap: {
                      name: "kube-root-ca.crt",
                      items: [{ key: "ca.crt", path: "ca.crt" }],
                    },
                  },
                ],
              },
            },
            { name: "tmp", emptyDir: { sizeLimit: "64Mi" } },
          ],
        },
      },
    });
  });

  it("waits longer than the Job may take, and makes it anew whenever its specification changes", async () => {
    const { resources } = await populate({ activeDeadlineSeconds: 1800 });

    const { options } = the(resources, jobType);
    assert.deepEqual(options.customTimeouts, { create: "2400s" });
    assert.deepEqual(options.replaceOnChanges, ["spec"]);
    assert.equal(options.deleteBeforeReplace, true);
    assert.equal(the(resources, configMapType).options.deleteBeforeReplace, true);
  });

  it("hands the loader and what it is to do over in one immutable ConfigMap", async () => {
    const { resources } = await populate({
      endpoint: "https://mirror.example",
      include: ["*.safetensors"],
      exclude: ["original/*"],
      allowPickle: false,
      tokenSecret: { name: "hf-token", key: "HF_TOKEN" },
    });

    const { inputs } = the(resources, configMapType);
    assert.equal(inputs["immutable"], true);
    const data = inputs["data"] as Record<string, string>;
    assert.deepEqual(Object.keys(data), ["loader.js", "population.json"]);
    assert.equal(data["loader.js"], bundleLoader().code);
    assert.deepEqual(JSON.parse(data["population.json"] ?? ""), {
      schema: 1,
      source: `hf://acme/tiny@${commit}`,
      endpoint: "https://mirror.example",
      tokenFile: "/var/run/secrets/modelstore/token",
      volume: "/volume",
      path: `acme/tiny/${commit}`,
      include: ["*.safetensors"],
      exclude: ["original/*"],
      allowPickle: false,
      job: { namespace: "models", name: nameOf(inputs) },
    });
  });

  it("shows the token to nobody but the loader, as a file that its group may read", async () => {
    const { resources } = await populate({ tokenSecret: { name: "hf-token", key: "HF_TOKEN" } });

    const { spec } = (
      the(resources, jobType).inputs["spec"] as {
        template: {
          spec: { spec?: unknown; volumes: { name: string }[]; containers: { env?: unknown }[] };
        };
      }
    ).template;
    assert.deepEqual(
      spec.volumes.find(({ name }) => name === "token"),
      {
        name: "token",
        secret: {
          secretName: "hf-token",
          items: [{ key: "HF_TOKEN", path: "token" }],
          defaultMode: 0o440,
        },
      },
    );
    assert.equal(spec.containers[0]?.env, undefined);
  });

  it("names the Job after all that it is made of, and after nothing else", async () => {
    const name = await jobName();

    assert.equal(await jobName(), name);
    const changes: Partial<ModelPopulationArgs>[] = [
      { source: "hf://acme/tiny@main" },
      { path: "acme/tiny" },
      { endpoint: "https://mirror.example" },
      { include: ["*.json"] },
      { exclude: ["*.json"] },
      { allowPickle: true },
      { claimName: "others" },
      { image: "docker.io/library/node:22" },
      { activeDeadlineSeconds: 60 },
      { backoffLimit: 1 },
      { resources: { limits: { memory: "1Gi" } } },
      { nodeSelector: { zone: "a" } },
      { tolerations: [{ operator: "Exists" }] },
      { affinity: { nodeAffinity: {} } },
      { tokenSecret: { name: "hf-token", key: "HF_TOKEN" } },
      { tokenSecret: { name: "hf-token", key: "token" } },
    ];
    const names = new Set([name]);
    for (const change of changes) names.add(await jobName(change));
    assert.equal(names.size, changes.length + 1);
  });

  it("gives the same name whatever the order of a map", async () => {
    assert.equal(
      await jobName({ nodeSelector: { a: "1", b: "2" } }),
      await jobName({ nodeSelector: { b: "2", a: "1" } }),
    );
  });

  it("reads the result that the loader left on the Job", async () => {
    const result = {
      revision: commit,
      files: 3,
      bytes: 262241,
      seconds: 1.5,
      bytesPerSecond: 174827,
      downloadedBytes: 262241,
    };
    const populated = await populate({}, { jobResult: JSON.stringify(result) });

    assert.deepEqual(await valueOf(populated.result.result), result);
  });

  it("has no result where the loader could not write one, nor in a preview", async () => {
    const jobResult = JSON.stringify({ revision: commit });

    assert.equal(await valueOf((await populate()).result.result), undefined);
    const previewed = await populate({}, { preview: true, jobResult });
    assert.equal(await valueOf(previewed.result.result), undefined);
  });

  it("fails when somebody overwrote the result", async () => {
    const { result } = await populate({}, { jobResult: "done" });

    await assert.rejects(valueOf(result.result), {
      message: `modelstore:index:ModelPopulation "tiny": its Job's annotation modelstore/result is "done", expected the JSON that the loader writes; delete the Job, and the next pulumi up makes it anew`,
    });
  });

  it("goes where the volume's servers can go", async () => {
    const placement = {
      nodeSelector: { "nvidia.com/gpu.product": "NVIDIA-L40S" },
      tolerations: [{ key: "nvidia.com/gpu", operator: "Exists", effect: "NoSchedule" }],
      affinity: {
        nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } },
      },
    };
    const { resources } = await populate(placement);

    const { template } = the(resources, jobType).inputs["spec"] as {
      template: { spec: Record<string, unknown> };
    };
    assert.deepEqual(template.spec["nodeSelector"], placement.nodeSelector);
    assert.deepEqual(template.spec["tolerations"], placement.tolerations);
    assert.deepEqual(template.spec["affinity"], placement.affinity);
  });

  it("satisfies the restricted Pod Security Standard", async () => {
    const { resources } = await populate({ tokenSecret: { name: "hf-token", key: "HF_TOKEN" } });

    assert.deepEqual(restrictionViolations(resources), []);
  });

  it("fits into a ConfigMap together with as many patterns as it accepts", async () => {
    const pattern = "x".repeat(120_000);
    const { resources } = await populate({ include: [pattern] });

    const data = the(resources, configMapType).inputs["data"] as Record<string, string>;
    const bytes = Object.values(data).reduce((sum, text) => sum + Buffer.byteLength(text), 0);
    assert.ok(bytes < 1024 * 1024, `${bytes} bytes`);
  });

  it("fails when source, path, patterns or limits make no sense", async () => {
    await assert.rejects(
      populate({
        jobName: "Tiny",
        source: "s3://acme/tiny",
        path: "../tiny",
        include: ["x".repeat(200_000)],
        activeDeadlineSeconds: 0,
        backoffLimit: 1.5,
      }),
      {
        message: `modelstore:index:ModelPopulation "tiny" has 6 invalid arguments
  jobName: got "Tiny", expected lower-case letters, digits and hyphens, beginning and ending with a letter or digit
  source: got "s3://acme/tiny", which has the unsupported scheme "s3"; write hf://org/repo or hf://org/repo@revision
  path: got "../tiny", which has a part that is . or ..; write a directory relative to the volume's root such as "org/repo/revision"
  include: got 200011 bytes in include and exclude together, expected at most 131072, as they lie in a ConfigMap beside the loader; use fewer patterns with more wildcards
  activeDeadlineSeconds: got 0, expected a whole number of at least 1
  backoffLimit: got 1.5, expected a whole number of at least 0`,
      },
    );
  });
});

/**
 * Every example runs, and makes what it says; under mocks, so not whether a cluster accepts it or the images and
 * repositories exist.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { parseStackFile } from "../../config";
import { checkout } from "../../local/paths";
import { makePlan } from "../../plan/plan";
import { the, tree, type MadeResource } from "../support/mocks";
import { runModule, runProgram } from "../support/program";

const claimType = "kubernetes:core/v1:PersistentVolumeClaim";
const configMapType = "kubernetes:core/v1:ConfigMap";
const deploymentType = "kubernetes:apps/v1:Deployment";
const jobType = "kubernetes:batch/v1:Job";

describe("examples", function () {
  // The first test to need Pulumi's Kubernetes SDK loads it, which takes seconds, and many on a busy machine.
  this.timeout(60_000);

  it("are these, each with a README of one line", () => {
    assert.deepEqual(readdirSync(join(checkout, "examples")).sort(), [
      "ownProgram",
      "sharedVolume",
    ]);
    for (const example of ["ownProgram", "sharedVolume"]) {
      const readme = read(example, "README.md");
      assert.equal(readme.indexOf("\n"), readme.length - 1, `${example}/README.md is not one line`);
    }
  });

  describe("ownProgram", () => {
    const program = join(checkout, "examples", "ownProgram", "index.ts");
    const result = { revision: "a09a35458c702b33eeacc393d103063234e8bc28", files: 12 };
    const jobResult = JSON.stringify(result);

    for (const preview of [true, false]) {
      it(`makes a volume, a population, a server and what is the team's own, ${preview ? "in a preview" : "in an update"}`, async () => {
        const { resources } = await runModule(program, { preview, jobResult });
        assert.deepEqual(
          tree(resources).sort(),
          [
            "modelstore:index:ExistingStorageClass block",
            "modelstore:index:ModelVolume weights",
            `${claimType} weights`,
            ...populationOf("qwen"),
            ...serverOf("qwen"),
            `${configMapType} assistant`,
          ].sort(),
        );
      });
    }

    it("populates and serves the same directory of the same claim, on the GPUs' nodes", async () => {
      const { resources } = await runModule(program, { jobResult });
      const loader = podOf(the(resources, jobType, "qwen"));
      const server = podOf(the(resources, deploymentType, "qwen"));
      const specification = the(resources, configMapType, "qwen-loader").inputs as {
        data: { "population.json": string };
      };
      assert.equal(the(resources, claimType, "weights").options.protect, true);
      assert.equal(claimOf(loader), "weights");
      assert.equal(claimOf(server), "weights");
      assert.equal(
        (JSON.parse(specification.data["population.json"]) as { path: string }).path,
        "qwen2.5-7b-instruct",
      );
      assert.equal(server.containers[0]?.args?.[0], "/models/qwen2.5-7b-instruct");
      assert.deepEqual(loader.nodeSelector, { "nvidia.com/gpu.product": "NVIDIA-L40S" });
      assert.deepEqual(server.nodeSelector, loader.nodeSelector);
    });

    it("tells the team's application where the model answers, and the team what was loaded", async () => {
      const { resources, outputs } = await runModule(program, { jobResult });
      assert.deepEqual(the(resources, configMapType, "assistant").inputs.data, {
        OPENAI_BASE_URL: "http://qwen.assistant.svc:8000/v1",
        OPENAI_MODEL: "qwen",
      });
      assert.deepEqual(outputs, { endpoint: "http://qwen.assistant.svc:8000", populated: result });
    });

    it("needs nothing of modelstore but the components", () => {
      const imports = [...read("ownProgram", "index.ts").matchAll(/ from "([^"]+)"/g)];
      assert.deepEqual(
        imports.map(([, path]) => path),
        ["@pulumi/kubernetes", "../../components"],
      );
    });
  });

  describe("sharedVolume", () => {
    const text = read("sharedVolume", "Pulumi.shared.yaml");

    it("is planned as five servers of two models on one volume, replaced without a gap", () => {
      const { volumes, models } = makePlan(parseStackFile(parse(text), "shared"));
      assert.deepEqual(Object.keys(volumes), ["weights"]);
      assert.deepEqual(volumes.weights?.accessModes, ["ReadWriteMany"]);
      assert.deepEqual(
        Object.entries(models).map(([name, { volume, path, servers }]) => [
          name,
          volume,
          path,
          Object.values(servers).map((server) => [server.replicas, server.updateStrategy]),
        ]),
        [
          [
            "chat",
            "weights",
            "Qwen/Qwen2.5-7B-Instruct/a09a35458c702b33eeacc393d103063234e8bc28",
            [[3, "RollingUpdate"]],
          ],
          [
            "embedding",
            "weights",
            "Qwen/Qwen3-Embedding-0.6B/c54f2e6e80b2d7b7de06f51cec4959f6b3e03418",
            [[2, "RollingUpdate"]],
          ],
        ],
      );
    });

    it("makes one claim, and a Job and a Deployment for each model", async () => {
      const { resources } = await runProgram(text, { stack: "shared" });
      assert.deepEqual(
        tree(resources)
          .filter((line) => !line.startsWith("pulumi:pulumi:Stack "))
          .sort(),
        [
          "modelstore:index:ModelNamespace namespace",
          "kubernetes:core/v1:Namespace namespace",
          "modelstore:index:ExistingStorageClass shared",
          "modelstore:index:ModelVolume weights",
          `${claimType} weights`,
          ...["chat", "embedding"].flatMap((name) => [
            `modelstore:index:ModelStore ${name}`,
            ...populationOf(name),
            ...serverOf(name),
            `kubernetes:policy/v1:PodDisruptionBudget ${name}-disruption-budget`,
          ]),
        ].sort(),
      );
      const claim = the(resources, claimType).inputs.spec;
      assert.deepEqual(claim, {
        accessModes: ["ReadWriteMany"],
        storageClassName: "efs",
        resources: { requests: { storage: "100Gi" } },
      });
      const deployments = resources.filter(({ type }) => type === deploymentType);
      assert.deepEqual(
        deployments.map((deployment) => [
          deployment.name,
          (deployment.inputs.spec as { replicas: number }).replicas,
          claimOf(podOf(deployment)),
        ]),
        [
          ["chat", 3, "weights"],
          ["embedding", 2, "weights"],
        ],
      );
    });
  });
});

function read(example: string, file: string): string {
  return readFileSync(join(checkout, "examples", example, file), "utf8");
}

function populationOf(name: string): string[] {
  return [
    `modelstore:index:ModelPopulation ${name}`,
    `kubernetes:core/v1:ServiceAccount ${name}-service-account`,
    `kubernetes:rbac.authorization.k8s.io/v1:Role ${name}-role`,
    `kubernetes:rbac.authorization.k8s.io/v1:RoleBinding ${name}-role-binding`,
    `${configMapType} ${name}-loader`,
    `${jobType} ${name}`,
  ];
}

function serverOf(name: string): string[] {
  return [
    `modelstore:index:VllmDeployment ${name}`,
    `${deploymentType} ${name}`,
    `kubernetes:core/v1:Service ${name}-service`,
  ];
}

interface Pod {
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly containers: readonly { readonly args?: readonly string[] }[];
  readonly volumes: readonly {
    readonly persistentVolumeClaim?: { readonly claimName: string };
  }[];
}

function podOf({ inputs }: MadeResource): Pod {
  return (inputs.spec as { template: { spec: Pod } }).template.spec;
}

function claimOf({ volumes }: Pod): string | undefined {
  return volumes.find((volume) => volume.persistentVolumeClaim)?.persistentVolumeClaim?.claimName;
}

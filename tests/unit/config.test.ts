import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { loadStackConfig, parseStackConfig, parseStackFile } from "../../config";
import { baseline, type Changes, type RawConfig } from "./baseline";

/** One thing that is broken in the baseline, and everything that is said about it, without the heading. */
interface Refusal {
  readonly title: string;
  readonly change: Changes;
  readonly says: readonly string[];
}

const refusals: readonly Refusal[] = [
  {
    title: "there is no cluster",
    change: { cluster: undefined },
    says: ["modelstore:cluster: got nothing, expected a map"],
  },
  {
    title: "a top-level key is mistyped",
    change: { volume: {} },
    says: ['modelstore:volume: unknown key; did you mean "volumes"?'],
  },
  {
    title: "a top-level key is none",
    change: { aws: {} },
    says: [
      'modelstore:aws: unknown key; expected "cluster", "storage", "volumes", "models", "images" or "huggingFace"',
    ],
  },
  {
    title: "the namespace is no DNS label",
    change: { "cluster.namespace": "My_Models" },
    says: [
      'modelstore:cluster.namespace: got "My_Models", expected lower-case letters, digits and hyphens, beginning and ending with a letter or digit',
    ],
  },
  {
    title: "a boolean is quoted",
    change: { "cluster.createNamespace": "true" },
    says: [
      'modelstore:cluster.createNamespace: got "true", expected true or false; write true without quotes',
      "pulumi config set --path 'modelstore:cluster.createNamespace' true",
    ],
  },
  {
    title: "a number is quoted",
    change: { "models.llama.serve.replicas": "3" },
    says: [
      'modelstore:models.llama.serve.replicas: got "3", expected a whole number; write 3 without quotes',
      "pulumi config set --path 'modelstore:models.llama.serve.replicas' 3",
    ],
  },
  {
    title: "a number is not whole",
    change: { "models.llama.serve.gpus": 0.5 },
    says: ["modelstore:models.llama.serve.gpus: got 0.5, expected a whole number"],
  },
  {
    title: "a number is negative",
    change: { "models.llama.serve.replicas": -1 },
    says: ["modelstore:models.llama.serve.replicas: got -1, expected at least 0"],
  },
  {
    title: "a port is none",
    change: { "models.llama.serve.port": 70000 },
    says: ["modelstore:models.llama.serve.port: got 70000, expected at most 65535"],
  },
  {
    title: "YAML made a number of a version",
    change: { "models.llama.baseModel": { version: 3.1 } },
    says: [
      'modelstore:models.llama.baseModel.version: got 3.1, expected a text; YAML reads it as a number: write "3.1"',
    ],
  },
  {
    title: "YAML made a boolean of a label",
    change: { "models.llama.serve.nodeSelector": { gpu: true } },
    says: [
      'modelstore:models.llama.serve.nodeSelector.gpu: got true, expected a text; YAML reads it as a boolean: write "true"',
    ],
  },
  {
    title: "a name is no DNS label",
    change: { "models.Llama": { source: "hf://a/b", volume: "weights" } },
    says: [
      'modelstore:models.Llama: got "Llama", expected lower-case letters, digits and hyphens, beginning and ending with a letter or digit',
    ],
  },
  {
    title: "YAML made a boolean of a name",
    change: { "models.true": { source: "hf://a/b", volume: "weights" } },
    says: [
      'modelstore:models.true: got "true", which some YAML readers make of names such as on, yes, n or ~; use another name',
    ],
  },
  {
    title: "a key has no value",
    change: { "models.llama.source": null },
    says: [
      "modelstore:models.llama.source: got null, expected a text; YAML reads a key without a value as null: give it one, or remove the key",
    ],
  },
  {
    title: "a required key is missing",
    change: { "models.llama.volume": undefined },
    says: ["modelstore:models.llama.volume: got nothing, expected a text"],
  },
  {
    title: "a volume uses the claim's word for its storage",
    change: { "volumes.weights": { storageClassName: "efs", storage: "shared", size: "1Gi" } },
    says: ['modelstore:volumes.weights.storageClassName: unknown key; did you mean "storage"?'],
  },
  {
    title: "a volume says retentionPolicy",
    change: { "volumes.weights.retentionPolicy": "Retain" },
    says: [
      'modelstore:volumes.weights.retentionPolicy: unknown key; did you mean "deletionPolicy"?',
    ],
  },
  {
    title: "a size has a decimal unit",
    change: { "volumes.weights.size": "500GB" },
    says: [
      'modelstore:volumes.weights.size: got "500GB", expected a Kubernetes quantity with a binary unit such as "500Gi"',
    ],
  },
  {
    title: "a size has no unit",
    change: { "volumes.weights.size": 500 },
    says: [
      'modelstore:volumes.weights.size: got 500, expected a Kubernetes quantity with a binary unit such as "500Gi"',
    ],
  },
  {
    title: "a size is missing",
    change: { "volumes.weights.size": undefined },
    says: [
      'modelstore:volumes.weights.size: got nothing, expected a Kubernetes quantity with a binary unit such as "500Gi"',
    ],
  },
  {
    title: "an access mode is none",
    change: { "volumes.weights.accessMode": "RWM" },
    says: [
      'modelstore:volumes.weights.accessMode: got "RWM", expected ReadWriteOnce (RWO) or ReadOnlyMany (ROX) or ReadWriteMany (RWX) or ReadWriteOncePod (RWOP)',
    ],
  },
  {
    title: "a list is empty",
    change: { "volumes.weights.accessModes": [] },
    says: ["modelstore:volumes.weights.accessModes: got [], expected at least 1 entry"],
  },
  {
    title: "a storage type is none",
    change: { "storage.disk.type": "hostPath" },
    says: ['modelstore:storage.disk.type: got "hostPath", expected "local" or "existing"'],
  },
  {
    title: "a storage type is mistyped",
    change: { "storage.shared.type": "exsting" },
    says: [
      'modelstore:storage.shared.type: got "exsting", expected "local" or "existing"',
      "pulumi config set --path 'modelstore:storage.shared.type' existing",
    ],
  },
  {
    title: "a provisioner was built into old versions of Kubernetes",
    change: { "storage.disk.provisioner": "kubernetes.io/aws-ebs" },
    says: [
      'modelstore:storage.disk.provisioner: got "kubernetes.io/aws-ebs", which Kubernetes had built in once and has no more; use the CSI driver instead',
    ],
  },
  {
    title: "an image has no tag",
    change: { images: { vllm: "vllm/vllm-openai" } },
    says: [
      'modelstore:images.vllm: got "vllm/vllm-openai", which names another image after every release; add a version\'s tag or a digest',
    ],
  },
  {
    title: "an image has the tag latest",
    change: { "models.llama.serve.image": "vllm/vllm-openai:latest" },
    says: [
      'modelstore:models.llama.serve.image: got "vllm/vllm-openai:latest", which names another image after every release; add a version\'s tag or a digest',
    ],
  },
  {
    title: "an image is none",
    change: { images: { loader: "not an image" } },
    says: [
      'modelstore:images.loader: got "not an image", expected an image such as "docker.io/vllm/vllm-openai:v0.32.0"',
    ],
  },
  {
    title: "an endpoint is no URL",
    change: { huggingFace: { endpoint: "huggingface.co" } },
    says: [
      'modelstore:huggingFace.endpoint: got "huggingface.co", expected the URL of a hub such as "https://huggingface.co", without user, password and query',
    ],
  },
  {
    title: "an endpoint carries a password, which is not repeated",
    change: { "models.llama.endpoint": "https://user:hunter2@hub.corp" },
    says: [
      'modelstore:models.llama.endpoint: got a URL with a password, expected the URL of a hub such as "https://huggingface.co", without user, password and query',
    ],
  },
  {
    title: "a server's key is mistyped",
    change: { "models.llama.serve": { replica: 3 } },
    says: ['modelstore:models.llama.serve.replica: unknown key; did you mean "replicas"?'],
  },
  {
    title: "a key of one of several servers is mistyped",
    change: { "models.llama.serve": { chat: {}, batch: { replica: 3 } } },
    says: ['modelstore:models.llama.serve.batch.replica: unknown key; did you mean "replicas"?'],
  },
  {
    title: "a kind of server is none",
    change: { "models.llama.serve.kind": "StatefulSet" },
    says: ['modelstore:models.llama.serve.kind: got "StatefulSet", expected "Deployment"'],
  },
  {
    title: "a flag and a variable have the names of what every object has",
    change: {
      "models.llama.serve.args": { constructor: 1 },
      "models.llama.serve.env": { toString: "1", "a-b": "2" },
    },
    says: [
      'modelstore:models.llama.serve.env.a-b: got "a-b", expected the name of an environment variable: letters, digits and underscores',
    ],
  },
  {
    title: "a flag has no value",
    change: { "models.llama.serve.args": { "enforce-eager": null } },
    says: [
      "modelstore:models.llama.serve.args.enforce-eager: got null, expected a text, a number, true, false, a list or a map; for a flag without a value write true",
    ],
  },
  {
    title: "a key of a model's own volume is mistyped",
    change: { "models.llama.volume": { storage: "shared", size: "1Gi", accessmode: "RWX" } },
    says: ['modelstore:models.llama.volume.accessmode: unknown key; did you mean "accessMode"?'],
  },
  {
    title: "OME's capabilities have another name",
    change: { "models.llama.baseModel": { capabilities: ["TEXT_GENERATION"] } },
    says: [
      'modelstore:models.llama.baseModel.capabilities: unknown key; did you mean "modelCapabilities"?',
    ],
  },
  {
    title: "a label could be no node's",
    change: { "models.llama.serve.nodeSelector": { "a b": "x", gpu: "-" } },
    says: [
      'modelstore:models.llama.serve.nodeSelector["a b"]: got "a b", expected the key of a label such as "topology.kubernetes.io/zone"',
      'modelstore:models.llama.serve.nodeSelector.gpu: got "-", expected the value of a label: letters, digits, hyphens, underscores and dots',
    ],
  },
  {
    title: "tolerations contradict themselves",
    change: {
      "models.llama.serve.tolerations": [
        { key: "gpu", operator: "Exists", value: "yes" },
        { effect: "NoSchedule" },
        { key: "gpu", effect: "NoSchedule", tolerationSeconds: 5 },
      ],
    },
    says: [
      'modelstore:models.llama.serve.tolerations[0]: has the value "yes", but "Exists" tolerates every value; remove it, or use "Equal"',
      'modelstore:models.llama.serve.tolerations[1]: has no key; name one, or use the operator "Exists" for every taint',
      'modelstore:models.llama.serve.tolerations[2]: has tolerationSeconds, which count for the effect "NoExecute" alone; remove them, or use that effect',
    ],
  },
  {
    title: "a Secret's key is none",
    change: { "models.llama.tokenSecret": { name: "hf", key: "HF TOKEN" } },
    says: [
      'modelstore:models.llama.tokenSecret.key: got "HF TOKEN", expected the key in a Secret such as "HF_TOKEN"',
    ],
  },
  {
    title: "cores are none",
    change: { "models.llama.serve.resources": { limits: { cpu: "two" } } },
    says: [
      'modelstore:models.llama.serve.resources.limits.cpu: got "two", expected cores such as 2, "0.5" or "500m"',
    ],
  },
  {
    title: "a value and what refers to another are both wrong",
    change: { "cluster.namespace": 7, "volumes.scratch": { storage: "shard", size: "1Gi" } },
    says: [
      'modelstore:cluster.namespace: got 7, expected a text; YAML reads it as a number: write "7"',
      'modelstore:volumes.scratch.storage: got "shard", which is not in modelstore:storage; use "disk", "block" or "shared", or add it there',
      "pulumi config set --path 'modelstore:volumes.scratch.storage' shared",
    ],
  },
  {
    title:
      "a model refers to a volume that has a problem of its own, which is no problem of the model",
    change: { "volumes.weights.size": "much" },
    says: [
      'modelstore:volumes.weights.size: got "much", expected a Kubernetes quantity with a binary unit such as "500Gi"',
    ],
  },
];

describe("configuration", () => {
  describe("parseStackConfig", () => {
    for (const { title, change, says } of refusals) {
      it(`fails when ${title}`, () => {
        assert.throws(() => parseStackConfig(baseline(change), "dev"), refusal("dev", says));
      });
    }

    it("fills in the safe defaults", () => {
      const config = parseStackConfig(
        {
          cluster: { namespace: "models" },
          storage: { any: { type: "existing" } },
          models: {
            llama: { source: "hf://a/b", volume: { storage: "any", size: "1Gi" }, serve: {} },
          },
        },
        "dev",
      );
      assert.deepEqual(config, {
        cluster: { namespace: "models", createNamespace: false },
        storage: { any: { type: "existing", accessModes: ["ReadWriteOnce"] } },
        volumes: {},
        models: {
          llama: {
            source: "hf://a/b",
            allowPickle: false,
            volume: { storage: "any", size: "1Gi", deletionPolicy: "Retain" },
            population: {
              resources: {
                requests: { cpu: "500m", memory: "256Mi" },
                limits: { memory: "1Gi" },
              },
              nodeSelector: {},
              tolerations: [],
            },
            serve: {
              kind: "Deployment",
              replicas: 1,
              gpus: 1,
              args: {},
              env: {},
              resources: { requests: {}, limits: {} },
              nodeSelector: {},
              tolerations: [],
              serviceType: "ClusterIP",
              port: 8000,
              sharedMemorySize: "2Gi",
            },
          },
        },
        images: {},
        huggingFace: { endpoint: "https://huggingface.co" },
      });
    });

    it("reads access modes by their long and their short names", () => {
      const raw = baseline({
        "storage.shared.accessModes": ["RWX", "ReadWriteOnce", "ROX", "ReadWriteOncePod"],
      });
      const { storage } = parseStackConfig(raw, "dev");
      assert.deepEqual(storage.shared?.accessModes, [
        "ReadWriteMany",
        "ReadWriteOnce",
        "ReadOnlyMany",
        "ReadWriteOncePod",
      ]);
    });

    it("reads cores that YAML made numbers of", () => {
      const raw = baseline({
        "models.llama.serve.resources": { requests: { cpu: 0.5 }, limits: { cpu: 4 } },
      });
      const { models } = parseStackConfig(raw, "dev");
      assert.deepEqual(models.llama?.serve?.resources, {
        requests: { cpu: "0.5" },
        limits: { cpu: "4" },
      });
    });

    it("takes maps under names of their own for several servers", () => {
      const raw = baseline({ "models.llama.serve": { chat: { replicas: 2 }, batch: {} } });
      const { models } = parseStackConfig(raw, "dev");
      assert.deepEqual(Object.keys(models.llama?.serve ?? {}), ["chat", "batch"]);
    });
  });

  describe("parseStackFile", () => {
    it("reads the project's keys, with and without its name, and leaves others alone", () => {
      const { cluster, volumes, storage, models } = baseline();
      const file = {
        encryptionsalt: "v1:abc",
        config: {
          "modelstore:cluster": cluster,
          storage,
          volumes,
          models,
          "aws:region": "eu-west-1",
        },
      };
      assert.deepEqual(parseStackFile(file, "dev"), parseStackConfig(baseline(), "dev"));
    });

    it("fails when a value is encrypted, at any depth", () => {
      const { cluster } = baseline();
      const models = { llama: { serve: { env: { KEY: { secure: "v1:s3cr3t" } } } } };
      assert.throws(
        () => parseStackFile({ config: { cluster, models } }, "prod"),
        refusal("prod", [`modelstore:models.llama.serve.env.KEY: ${encrypted}`]),
      );
    });

    it("takes a label called secure for what it is", () => {
      const { cluster } = baseline();
      const { models } = baseline({
        "models.llama.volume": { storage: "shared", size: "1Gi" },
        "models.llama.serve.nodeSelector": { secure: "yes", zone: "a" },
      });
      const { storage } = baseline();
      const config = parseStackFile({ config: { cluster, storage, models } }, "prod");
      assert.ok(config.models.llama);
    });

    it("fails when the file has no configuration", () => {
      assert.throws(
        () => parseStackFile(null, "prod"),
        refusal("prod", ["modelstore:cluster: got nothing, expected a map"]),
      );
    });
  });

  describe("loadStackConfig", () => {
    before(async () => {
      await pulumi.runtime.setMocks(
        { newResource: ({ name }) => ({ id: name, state: {} }), call: () => ({}) },
        "modelstore",
        "staging",
      );
    });

    afterEach(() => {
      pulumi.runtime.setAllConfig({});
    });

    function set(raw: RawConfig, secretKeys?: string[]): void {
      const config = Object.entries(raw).map(([key, value]): [string, string] => [
        `modelstore:${key}`,
        JSON.stringify(value),
      ]);
      pulumi.runtime.setAllConfig(
        Object.fromEntries([...config, ["aws:region", "eu"]]),
        secretKeys,
      );
    }

    it("reads what Pulumi hands to the program", () => {
      set(baseline());
      assert.deepEqual(loadStackConfig(), parseStackConfig(baseline(), "staging"));
    });

    it("names the stack in its error", () => {
      pulumi.runtime.setAllConfig({ "modelstore:cluster": "prod" });
      assert.throws(
        () => loadStackConfig(),
        refusal("staging", ['modelstore:cluster: got "prod", expected a map']),
      );
    });

    it("refuses secret values without repeating them", () => {
      const changes = { "models.llama.serve": { env: { KEY: "s3cr3t" }, replicas: "s3cr3t" } };
      set(baseline(changes), ["modelstore:models"]);
      assert.throws(
        () => loadStackConfig(),
        refusal("staging", [`modelstore:models: ${encrypted}`]),
      );
    });
  });
});

const encrypted =
  "holds a value encrypted with --secret, which would end in the specification of a pod; put it in a Kubernetes Secret and name that, as tokenSecret does";

/** The whole error: heading, problems, and the commands that would mend them. */
function refusal(stack: string, says: readonly string[]): (error: unknown) => true {
  const problems = says.filter((line) => !line.startsWith("pulumi config"));
  const commands = says.filter((line) => line.startsWith("pulumi config"));
  const s = problems.length === 1 ? "" : "s";
  const message = [
    `stack "${stack}" has ${problems.length} invalid configuration value${s}`,
    ...problems.map((line) => `  ${line}`),
    ...(commands.length === 0 ? [] : ["for example:", ...commands.map((line) => `  ${line}`)]),
  ].join("\n");
  return (error) => {
    assert.ok(
      pulumi.RunError.isInstance(error),
      "a RunError, which Pulumi prints without a stack trace",
    );
    assert.equal(error.message, message);
    return true;
  };
}

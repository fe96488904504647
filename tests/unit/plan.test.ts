import assert from "node:assert/strict";
import { makePlan, resolvePlan, type Plan } from "../../plan/plan";
import { formatPath } from "../../plan/problems";
import { stackConfigSchema } from "../../plan/stackConfig";
import { baseline, commit, type Changes } from "./baseline";

/** One contradiction in the baseline, and everything that is said about it. */
interface Contradiction {
  readonly title: string;
  readonly change: Changes;
  readonly says: readonly string[];
}

const source = "hf://org/repo@main";

const contradictions: readonly Contradiction[] = [
  {
    title: "a volume names no storage of the stack",
    change: { "volumes.weights.storage": "efs" },
    says: [
      'volumes.weights.storage: got "efs", which is not in modelstore:storage; use "disk", "block" or "shared", or add it there',
    ],
  },
  {
    title: "a volume names a storage where there is none",
    change: { storage: {}, "volumes.weights.storage": "constructor" },
    says: [
      'volumes.weights.storage: got "constructor", but modelstore:storage is empty; add "constructor" there',
    ],
  },
  {
    title: "the storage cannot do the access mode",
    change: { "volumes.weights": { storage: "block", size: "1Gi", accessMode: "RWX" } },
    says: [
      'volumes.weights.accessMode: "ReadWriteMany" is not supported by storage "block"; use "ReadWriteOnce" or "ReadWriteOncePod", or another storage',
    ],
  },
  {
    title: "access modes are given in two ways",
    change: { "volumes.weights.accessMode": "RWX", "volumes.weights.accessModes": ["RWX"] },
    says: ["volumes.weights.accessModes: is given beside accessMode; keep one of the two"],
  },
  {
    title: "ReadWriteOncePod is not alone",
    change: { "volumes.weights": { storage: "block", size: "1Gi", accessModes: ["RWO", "RWOP"] } },
    says: [
      'volumes.weights.accessModes: got "ReadWriteOnce" or "ReadWriteOncePod", but Kubernetes allows "ReadWriteOncePod" only alone; remove it or the others',
    ],
  },
  {
    title: "nobody could populate the volume",
    change: { "volumes.weights.accessMode": "ROX" },
    says: [
      'volumes.weights.accessMode: got "ReadOnlyMany", but nobody can write to a ReadOnlyMany volume, so the loader cannot either; use "ReadWriteMany": servers mount every volume read-only',
    ],
  },
  {
    title: "a class made by hand is to grow and to read parameters",
    change: {
      "storage.disk": { type: "local", allowVolumeExpansion: true, parameters: { fs: "xfs" } },
    },
    says: [
      "storage.disk.allowVolumeExpansion: got true, but volumes made by hand cannot grow; remove it, or name a CSI driver as provisioner",
      "storage.disk.parameters: is given, but there is no driver to read it; remove it, or name a CSI driver as provisioner",
    ],
  },
  {
    title: "a model names no volume of the stack",
    change: { "models.llama.volume": "weight" },
    says: [
      'models.llama.volume: got "weight", which is not in modelstore:volumes; use "weights", or add it there',
    ],
  },
  {
    title: "a model's own volume has the name of another",
    change: { "models.weights": { source, volume: { storage: "shared", size: "1Gi" } } },
    says: [
      'models.weights.volume: a model\'s own volume is called like the model, but "weights" is already in modelstore:volumes; refer to that one with "weights", or rename either',
    ],
  },
  {
    title: "a source has a scheme that is none",
    change: { "models.llama.source": "git://github.com/org/repo" },
    says: [
      'models.llama.source: "git://github.com/org/repo" has the unsupported scheme "git"; write hf://org/repo or hf://org/repo@revision',
    ],
  },
  {
    title: "a path leads out of the volume",
    change: { "models.llama.path": "../secrets" },
    says: [
      'models.llama.path: "../secrets" has a part that is . or ..; write a relative directory such as "org/repo"',
    ],
  },
  {
    title: "a path is absolute, as another pod mounts it",
    change: { "models.llama.path": "/models/llama" },
    says: [
      'models.llama.path: "/models/llama" is absolute; write a relative directory such as "org/repo"',
    ],
  },
  {
    title: "two models share a directory",
    change: {
      "models.llama.path": "llama",
      "models.other": { source, volume: "weights", path: "llama" },
    },
    says: [
      'models.other.path: "llama" is also the directory of model "llama" in the same volume; give each its own path, or let one model have several servers',
    ],
  },
  {
    title: "one model's directory lies in another's",
    change: {
      "models.llama.path": "llama",
      "models.other": { source, volume: "weights", path: "llama/other" },
    },
    says: [
      'models.other.path: "llama/other" overlaps "llama", the directory of model "llama" in the same volume; give each its own path, or let one model have several servers',
    ],
  },
  {
    title: "a volume of one node has replicas on several",
    change: { "volumes.weights.accessMode": "RWO", "models.llama.serve.replicas": 3 },
    says: [
      'models.llama.serve.replicas: got 3, but a ReadWriteOnce volume is mounted by one node at a time, and nothing keeps replicas on one; use 1, or use storage of type "local", whose pods are kept on one node, or a storage that can be mounted "ReadWriteMany"',
    ],
  },
  {
    title: "a volume of one pod has two replicas, wherever its storage keeps them",
    change: { "volumes.weights": { storage: "disk", size: "1Gi", accessMode: "RWOP" } },
    says: [
      'models.llama.serve.replicas: got 2, but a ReadWriteOncePod volume is mounted by one pod in the whole cluster; use 1, or a storage that can be mounted "ReadWriteMany"',
    ],
  },
  {
    title: "a volume of one node has servers of two models",
    change: {
      "volumes.weights.accessMode": "RWO",
      "models.llama.serve.replicas": 1,
      "models.other": { source, volume: "weights", serve: {} },
    },
    says: [
      'models.other.serve: mounts volume "weights" beside server "llama", but a ReadWriteOnce volume is mounted by one node at a time; give it a volume of its own, or use storage of type "local", whose pods are kept on one node, or a storage that can be mounted "ReadWriteMany"',
    ],
  },
  {
    title: "the loader is kept from the server's node",
    change: {
      "volumes.weights.accessMode": "RWO",
      "models.llama.serve": { nodeSelector: { zone: "a" } },
      "models.llama.population": { nodeSelector: { zone: "b" } },
    },
    says: [
      'models.llama.population.nodeSelector.zone: got "b", but server "llama" runs where it is "a", and a ReadWriteOnce volume is mounted by one node at a time; use "a", or remove it: the loader follows the servers',
    ],
  },
  {
    title: "servers of one node ask for two",
    change: {
      "volumes.weights": { storage: "disk", size: "1Gi" },
      "models.llama.serve": {
        a: { nodeSelector: { zone: "a" } },
        b: { nodeSelector: { zone: "b" } },
      },
    },
    says: [
      'models.llama.serve.b.nodeSelector.zone: got "b", but server "llama-a" of the same volume runs where it is "a", and a ReadWriteOnce volume is mounted by one node at a time; use "a"',
    ],
  },
  {
    title: "patterns are too long to be handed to the loader",
    change: { "models.llama.exclude": ["x".repeat(200_000)] },
    says: [
      "models.llama.exclude: got 200011 bytes in include and exclude together, expected at most 131072, as they lie in a ConfigMap beside the loader; use fewer patterns with more wildcards",
    ],
  },
  {
    title: "the name of a Service begins with a digit",
    change: { "models.3b": { source, volume: "weights", serve: {} } },
    says: [
      "models.3b.serve: the server's name, its model's with its own where it has one: got \"3b\", expected a name that begins with a letter, as a Service's must; rename either",
    ],
  },
  {
    title: "model and server together make too long a name",
    change: {
      [`models.${"a".repeat(40)}`]: {
        source,
        volume: "weights",
        serve: { ["b".repeat(40)]: {} },
      },
    },
    says: [
      `models.${"a".repeat(40)}.serve.${"b".repeat(40)}: the server's name, its model's with its own where it has one: got "${"a".repeat(40)}-${"b".repeat(40)}" (81 characters), expected at most 63; rename either`,
    ],
  },
  {
    title: "two models have servers of one name",
    change: {
      "models.llama.serve": { "8b-chat": {} },
      "models.llama-8b": { source, volume: "weights", serve: { chat: {} } },
    },
    says: [
      'models.llama-8b.serve.chat: its Service would be called "llama-8b-chat", as that of model "llama" is; rename the model or the server',
    ],
  },
  {
    title: "two models have one name in the catalogue",
    change: {
      "models.llama.baseModel": { name: "llama" },
      "models.other": { source, volume: "weights", baseModel: { name: "llama" } },
    },
    says: [
      'models.other.baseModel.name: BaseModel "llama" is already the entry of model "llama"; use another name',
    ],
  },
  {
    title: "a flag is the server's own",
    change: { "models.llama.serve.args": { model: "org/repo" } },
    says: [
      "models.llama.serve.args.model: is reserved: the server serves the model of its volume; remove it",
    ],
  },
  {
    title: "a variable would let the server download",
    change: { "models.llama.serve.env": { HF_TOKEN: "hf_abc" } },
    says: [
      "models.llama.serve.env.HF_TOKEN: is reserved: the server never downloads; the token belongs to the model's population alone; remove it",
    ],
  },
  {
    title: "flags use more GPUs than there are",
    change: {
      "models.llama.serve.args": { "tensor-parallel-size": 4, "pipeline-parallel-size": 2 },
    },
    says: [
      "models.llama.serve.gpus: got 1, but tensor-parallel-size times pipeline-parallel-size in args uses 8; write 8",
    ],
  },
  {
    title: "more is requested than allowed",
    change: {
      "models.llama.serve.resources": {
        requests: { cpu: "2500m", memory: "2Gi" },
        limits: { cpu: 2, memory: "2047Mi" },
      },
      "models.llama.serve.sharedMemorySize": "1Gi",
    },
    says: [
      'models.llama.serve.resources.requests.cpu: got "2500m", more than the limit of "2"; request at most the limit',
      'models.llama.serve.resources.requests.memory: got "2Gi", more than the limit of "2047Mi"; request at most the limit',
    ],
  },
  {
    title: "shared memory leaves none",
    change: { "models.llama.serve.resources": { limits: { memory: "2Gi" } } },
    says: [
      'models.llama.serve.sharedMemorySize: got "2Gi", but it counts towards the memory limit of "2Gi" and would leave nothing; use less, or raise the limit',
    ],
  },
];

function resolved(change: Changes = {}) {
  return resolvePlan(stackConfigSchema.parse(baseline(change)));
}

function planOf(change: Changes = {}): Plan {
  return makePlan(stackConfigSchema.parse(baseline(change)));
}

describe("makePlan", () => {
  for (const { title, change, says } of contradictions) {
    it(`fails when ${title}`, () => {
      const said = resolved(change).problems.map(
        ({ path, message }) => `${formatPath(path)}: ${message}`,
      );
      assert.deepEqual(said, says);
    });
  }

  it("throws every problem of a configuration that nobody checked", () => {
    assert.throws(
      () => planOf({ "models.llama.path": "..", "volumes.weights.accessMode": "ROX" }),
      new RangeError(
        [
          "the stack has 2 invalid configuration values",
          '  modelstore:volumes.weights.accessMode: got "ReadOnlyMany", but nobody can write to a ReadOnlyMany volume, so the loader cannot either; use "ReadWriteMany": servers mount every volume read-only',
          '  modelstore:models.llama.path: ".." has a part that is . or ..; write a relative directory such as "org/repo"',
        ].join("\n"),
      ),
    );
  });

  it("decides everything that the configuration leaves open", () => {
    const repository = "meta-llama/Llama-3.1-8B-Instruct";
    assert.deepEqual(planOf(), {
      cluster: {
        kubeconfig: undefined,
        context: undefined,
        namespace: "models",
        createNamespace: false,
        namespaceDeletionPolicy: "Retain",
        protectNamespace: true,
      },
      storageClasses: {
        disk: {
          type: "local",
          storageClassName: "models-disk",
          provisioner: "rancher.io/local-path",
          accessModes: ["ReadWriteOnce", "ReadWriteOncePod"],
          reclaimPolicy: "Retain",
          volumeBindingMode: "WaitForFirstConsumer",
          allowVolumeExpansion: true,
        },
        block: {
          type: "existing",
          storageClassName: "gp3",
          accessModes: ["ReadWriteOnce", "ReadWriteOncePod"],
        },
        shared: {
          type: "existing",
          storageClassName: "efs",
          accessModes: ["ReadWriteMany", "ReadWriteOnce", "ReadOnlyMany"],
        },
      },
      volumes: {
        weights: {
          claimName: "weights",
          namespace: "models",
          storage: "shared",
          accessModes: ["ReadWriteMany"],
          size: "500Gi",
          deletionPolicy: "Retain",
          protect: true,
        },
      },
      models: {
        llama: {
          volume: "weights",
          source: `hf://${repository}@${commit}`,
          revision: commit,
          path: `${repository}/${commit}`,
          uri: `pvc://models:weights/${repository}/${commit}`,
          population: {
            endpoint: "https://huggingface.co",
            tokenSecret: undefined,
            include: undefined,
            exclude: undefined,
            allowPickle: false,
            image: "docker.io/library/node:20.20.2-bookworm-slim",
            activeDeadlineSeconds: 15360,
            resources: { requests: { cpu: "500m", memory: "256Mi" }, limits: { memory: "1Gi" } },
            nodeSelector: {},
            tolerations: [],
          },
          baseModel: undefined,
          servers: {
            llama: {
              kind: "Deployment",
              serviceName: "llama",
              replicas: 2,
              updateStrategy: "RollingUpdate",
              gpus: 1,
              image: "docker.io/vllm/vllm-openai:v0.32.0",
              servedModelName: "llama",
              args: {},
              env: {},
              resources: { requests: {}, limits: {} },
              nodeSelector: {},
              tolerations: [],
              serviceType: "ClusterIP",
              port: 8000,
              sharedMemorySize: "2Gi",
              startupBudgetSeconds: 7200,
            },
          },
        },
      },
      estimatedMonthlyCostUsd: {
        total: null,
        breakdown: {
          "volumes.weights": {
            usd: null,
            basis: '500Gi in storage class "efs", whose price only its provider knows',
          },
        },
      },
      warnings: [
        "images named by a tag can change in their registry; add a digest to docker.io/library/node:20.20.2-bookworm-slim, docker.io/vllm/vllm-openai:v0.32.0",
      ],
    } satisfies Plan);
  });

  describe("volumes", () => {
    it("are mounted as the most sharing mode of their storage unless they say otherwise", () => {
      const { volumes } = planOf({
        "volumes.a": { storage: "block", size: "1Gi" },
        "volumes.b": { storage: "shared", size: "1Gi" },
        "volumes.c": { storage: "shared", size: "1Gi", accessModes: ["RWO", "ROX", "RWO"] },
      });
      assert.deepEqual(volumes.a?.accessModes, ["ReadWriteOnce"]);
      assert.deepEqual(volumes.b?.accessModes, ["ReadWriteMany"]);
      assert.deepEqual(volumes.c?.accessModes, ["ReadWriteOnce", "ReadOnlyMany"]);
    });

    it("of a model's own are called like the model", () => {
      const { volumes, models } = planOf({
        "models.own": { source, volume: { storage: "block", size: "30Gi" } },
      });
      assert.equal(volumes.own?.claimName, "own");
      assert.equal(models.own?.uri, "pvc://models:own/org/repo/main");
    });

    it("are protected unless they are to be deleted or say otherwise", () => {
      const volume = { storage: "shared", size: "1Gi" };
      const { volumes } = planOf({
        "volumes.kept": volume,
        "volumes.gone": { ...volume, deletionPolicy: "Delete" },
        "volumes.free": { ...volume, protect: false },
      });
      assert.equal(volumes.kept?.protect, true);
      assert.equal(volumes.gone?.protect, false);
      assert.equal(volumes.free?.protect, false);
    });

    it("keep the namespace that they are kept in", () => {
      const kept = planOf({ "volumes.weights.protect": false }).cluster;
      assert.equal(kept.namespaceDeletionPolicy, "Retain");
      assert.equal(kept.protectNamespace, false);
      const gone = planOf({ "volumes.weights.deletionPolicy": "Delete" }).cluster;
      assert.equal(gone.namespaceDeletionPolicy, "Delete");
      assert.equal(gone.protectNamespace, false);
    });

    it("on a node's own disk cost nothing beside the node", () => {
      const { estimatedMonthlyCostUsd } = planOf({ "volumes.weights.storage": "disk" });
      assert.deepEqual(estimatedMonthlyCostUsd, {
        total: 0,
        breakdown: {
          "volumes.weights": {
            usd: 0,
            basis: "500Gi of a node's own disk, which is paid for with the node",
          },
        },
      });
    });
  });

  describe("catalogue entries", () => {
    it("name the claim's namespace only where OME wants it", () => {
      const { models } = planOf({
        "models.llama.path": "llama",
        "models.llama.baseModel": { kind: "BaseModel", vendor: "meta" },
        "models.other": {
          source,
          volume: "weights",
          baseModel: { kind: "ClusterBaseModel", name: "company.other" },
        },
      });
      assert.deepEqual(models.llama?.baseModel, {
        kind: "BaseModel",
        modelName: "llama",
        vendor: "meta",
        storageUri: "pvc://weights/llama",
      });
      assert.deepEqual(models.other?.baseModel, {
        kind: "ClusterBaseModel",
        modelName: "company.other",
        storageUri: "pvc://models:weights/org/repo/main",
      });
    });
  });

  describe("servers", () => {
    it("are called like their model, and their own name where there are several", () => {
      const { models } = planOf({ "models.llama.serve": { chat: {}, batch: {} } });
      assert.deepEqual(Object.keys(models.llama?.servers ?? {}), ["llama-chat", "llama-batch"]);
      assert.equal(models.llama?.servers["llama-batch"]?.servedModelName, "llama");
    });

    it("stop before their successors start where one node holds the volume", () => {
      const { models } = planOf({
        "volumes.weights.storage": "block",
        "models.llama.serve.replicas": 1,
      });
      assert.equal(models.llama?.servers.llama?.updateStrategy, "Recreate");
    });

    it("without GPUs run the image for the CPU", () => {
      const { models } = planOf({ "models.llama.serve.gpus": 0 });
      assert.equal(models.llama?.servers.llama?.image, "docker.io/vllm/vllm-openai-cpu:v0.32.0");
    });

    it("run their own image before the stack's before the default", () => {
      const image = `registry.corp:5000/vllm@sha256:${"0".repeat(64)}`;
      const { models } = planOf({
        "images.vllm": "registry.corp/vllm:1",
        "models.llama.serve": { a: { image }, b: {} },
      });
      assert.equal(models.llama?.servers["llama-a"]?.image, image);
      assert.equal(models.llama.servers["llama-b"]?.image, "registry.corp/vllm:1");
    });

    it("may share a node's own disk, to which Kubernetes sends them all", () => {
      const { warnings } = planOf({
        "volumes.weights.storage": "disk",
        "models.llama.serve.gpus": 0,
      });
      assert.deepEqual(warnings.slice(0, 2), [
        'volume "weights" is one node\'s own disk: its 2 server pods all run on that node',
        'server "llama" stops before its successor starts at every update: a ReadWriteOnce volume is mounted by one node at a time',
      ]);
    });
  });

  describe("loaders", () => {
    it("run where the servers of a volume of one node may", () => {
      const taint = { key: "team", operator: "Exists" };
      const { models } = planOf({
        "volumes.weights.accessMode": "RWO",
        "models.llama.serve": { nodeSelector: { gpu: "l40s" }, tolerations: [taint] },
        "models.llama.population": { nodeSelector: { disk: "ssd" } },
      });
      const population = models.llama?.population;
      assert.deepEqual(population?.nodeSelector, { disk: "ssd", gpu: "l40s" });
      assert.deepEqual(population.tolerations, [
        taint,
        { key: "nvidia.com/gpu", operator: "Exists", effect: "NoSchedule" },
      ]);
    });

    it("of a volume of many nodes run anywhere", () => {
      const { models } = planOf({ "models.llama.serve.nodeSelector": { gpu: "l40s" } });
      assert.deepEqual(models.llama?.population.nodeSelector, {});
    });

    it("have at least half an hour, and longer for larger volumes", () => {
      const deadline = (size: string) =>
        planOf({ "volumes.weights.size": size }).models.llama?.population.activeDeadlineSeconds;
      assert.equal(deadline("1Gi"), 1800);
      assert.equal(deadline("1Ti"), 31458);
    });

    it("take the model's endpoint before the stack's", () => {
      const { models } = planOf({
        "huggingFace.endpoint": "https://mirror.corp",
        "models.llama.endpoint": "https://other.corp",
        "models.b": { source, volume: "weights" },
      });
      assert.equal(models.llama?.population.endpoint, "https://other.corp");
      assert.equal(models.b?.population.endpoint, "https://mirror.corp");
    });
  });

  describe("warnings", () => {
    const about: readonly [string, Changes, string][] = [
      [
        "a branch",
        { "models.llama.source": source },
        'model "llama" follows "main" of org/repo, which can move; pin a commit of 40 hexadecimal digits after @',
      ],
      [
        "a token on the wire",
        {
          "models.llama.endpoint": "http://hub.corp",
          "models.llama.tokenSecret": { name: "hf", key: "token" },
        },
        'model "llama" sends its token to http://hub.corp unencrypted; use https where others can listen',
      ],
      [
        "an open endpoint",
        { "models.llama.serve.serviceType": "LoadBalancer" },
        'server "llama" answers everybody who can reach its load balancer: vLLM asks for no credentials',
      ],
      [
        "a volume that may be made away from GPUs",
        { "volumes.weights.storage": "block", "models.llama.serve.replicas": 1 },
        'server "llama" needs GPUs, but its volume is made where its loader happens to run, which may be out of their reach; set the server\'s nodeSelector to the nodes with GPUs, and the loader follows',
      ],
      [
        "a volume that takes a new revision on its server's node alone",
        {
          "volumes.weights": { storage: "block", size: "1Gi", accessMode: "RWO" },
          "models.llama.serve.replicas": 1,
        },
        'volume "weights" takes a new revision only when its loader happens to run on the node of server "llama": a ReadWriteOnce volume is mounted by one node at a time; on a cluster of several nodes set its replicas to 0 first, or select one node with its nodeSelector',
      ],
      [
        "a volume that takes no new revision while it is served",
        {
          "volumes.weights": { storage: "block", size: "1Gi", accessMode: "RWOP" },
          "models.llama.serve.replicas": 1,
        },
        'volume "weights" cannot take a new revision while server "llama" runs: a ReadWriteOncePod volume is mounted by one pod in the whole cluster; set its replicas to 0 first',
      ],
    ];
    for (const [title, change, warning] of about) {
      it(`tell of ${title}`, () => {
        const others = planOf().warnings;
        const added = planOf(change).warnings.filter((one) => !others.includes(one));
        assert.ok(added.includes(warning), added.join("\n"));
      });
    }

    it("do not tell of images by digest", () => {
      const digest = `sha256:${"0".repeat(64)}`;
      const images = { loader: `node@${digest}`, vllm: `vllm:1@${digest}` };
      assert.deepEqual(planOf({ images }).warnings, []);
    });
  });
});

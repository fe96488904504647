import assert from "node:assert/strict";
import type * as pulumi from "@pulumi/pulumi";
import {
  LocalStorageClass,
  ModelStore,
  ModelVolume,
  type ModelStoreArgs,
  type ModelStoreServerArgs,
} from "../../components";
import { made, the, tree, valueOf, type MadeResource, type MockSettings } from "../support/mocks";

const commit = "0e9e39f249a16976918f6564b8830bc894c89659";
const server: ModelStoreServerArgs = {
  image: "docker.io/vllm/vllm-openai:v0.32.0",
  servedModelName: "tiny",
};

function store(args: Partial<Omit<ModelStoreArgs, "volume">> = {}, settings: MockSettings = {}) {
  return made((opts) => {
    const storage = new LocalStorageClass("disk", { provisioner: "loop.csi.example" }, opts);
    const volume = new ModelVolume(
      "weights",
      { storage, namespace: "models", accessModes: ["ReadWriteOnce"], size: "1Gi" },
      opts,
    );
    const population = {
      source: "hf://acme/tiny",
      path: "acme/tiny/main",
      image: "docker.io/library/node:20.20.2-bookworm-slim",
    };
    return new ModelStore("tiny", { volume, population, ...args }, opts);
  }, settings);
}

/** The types of a store's own children, and their names. */
function children(resources: readonly MadeResource[]): string[] {
  const { resource } = the(resources, "modelstore:index:ModelStore");
  return tree(resources.filter(({ options }) => options.parent === resource));
}

function dependsOn(resource: MadeResource): readonly pulumi.Resource[] {
  return resource.options.dependsOn as pulumi.Resource[];
}

describe("ModelStore", () => {
  it("puts a model on its volume, and no more unless asked", async () => {
    const { result, resources } = await store();

    assert.deepEqual(children(resources), ["modelstore:index:ModelPopulation tiny"]);
    assert.equal(await valueOf(result.uri), "pvc://models:weights/acme/tiny/main");
    assert.deepEqual(result.servers, {});
  });

  it("catalogues and serves it once it is there", async () => {
    const { resources } = await store({
      baseModel: { kind: "BaseModel", vendor: "acme" },
      servers: { tiny: server },
    });

    assert.deepEqual(children(resources), [
      "modelstore:index:ModelPopulation tiny",
      "modelstore:index:BaseModel tiny",
      "modelstore:index:VllmDeployment tiny",
    ]);
    const population = the(resources, "modelstore:index:ModelPopulation").resource;
    for (const type of ["BaseModel", "VllmDeployment"]) {
      assert.deepEqual(dependsOn(the(resources, `modelstore:index:${type}`)), [population]);
    }
    const { metadata, spec } = the(resources, "kubernetes:ome.io/v1beta1:BaseModel").inputs;
    assert.equal((metadata as { namespace: string }).namespace, "models");
    assert.deepEqual(spec, {
      vendor: "acme",
      storage: { storageUri: "pvc://weights/acme/tiny/main" },
    });
  });

  it("catalogues it for the whole cluster, under a name of its own", async () => {
    const { resources } = await store({
      baseModel: { kind: "ClusterBaseModel", modelName: "acme-tiny" },
    });

    const { metadata, spec } = the(resources, "kubernetes:ome.io/v1beta1:ClusterBaseModel").inputs;
    assert.equal((metadata as { name: string }).name, "acme-tiny");
    assert.deepEqual(spec, { storage: { storageUri: "pvc://models:weights/acme/tiny/main" } });
  });

  it("populates, catalogues and serves in the namespace of the volume", async () => {
    const { resources } = await store({
      baseModel: { kind: "BaseModel" },
      servers: { tiny: { ...server, replicas: 2 } },
    });

    const namespaces = resources
      .filter(({ type }) => type.startsWith("kubernetes:") && !type.includes("StorageClass"))
      .map(({ inputs }) => (inputs["metadata"] as { namespace?: string }).namespace);
    assert.deepEqual(new Set(namespaces), new Set(["models"]));
  });

  it("rolls its servers when the commit on the volume is another one", async () => {
    const result = { revision: commit, files: 3, bytes: 1 };
    const made = await store({ servers: { tiny: server } }, { jobResult: JSON.stringify(result) });

    assert.equal(await valueOf(made.result.revision), commit);
    assert.equal(revisionOfPods(made.resources), commit);
    assert.deepEqual(await valueOf(made.result.result), result);
  });

  it("goes by the revision that the source names until the commit is known", async () => {
    const { result, resources } = await store({ servers: { tiny: server } }, { preview: true });

    assert.equal(await valueOf(result.revision), "main");
    assert.equal(revisionOfPods(resources), "main");
  });

  it("serves one model from several servers", async () => {
    const { result } = await store({
      servers: {
        "tiny-chat": server,
        "tiny-batch": { ...server, servedModelName: "tiny-batch", port: 80 },
      },
    });

    assert.deepEqual(Object.keys(result.servers), ["tiny-chat", "tiny-batch"]);
    const { "tiny-batch": batch } = result.servers;
    assert.ok(batch);
    assert.equal(await valueOf(batch.endpoint), "http://tiny-batch.models.svc:80");
    assert.equal(await valueOf(batch.servedModelName), "tiny-batch");
  });

  describe("fails before anything of it is made", () => {
    const faults: readonly [string, Partial<Omit<ModelStoreArgs, "volume">>, string][] = [
      [
        "when a server's name does not begin with its own",
        { servers: { chat: server } },
        `modelstore:index:ModelStore "tiny" has 1 invalid argument
  servers.chat: got the name "chat", expected "tiny" or a name that begins with "tiny-"`,
      ],
      [
        "when the population cannot work",
        { population: { source: "tiny", path: "acme/tiny", image: "node" } },
        `modelstore:index:ModelPopulation "tiny" has 1 invalid argument
  source: got "tiny", which has no scheme; write hf://org/repo or hf://org/repo@revision`,
      ],
      [
        "when a server cannot work",
        { servers: { tiny: { ...server, gpus: -1 } } },
        `modelstore:index:VllmDeployment "tiny" has 1 invalid argument
  gpus: got -1, expected a whole number of at least 0`,
      ],
      [
        "when the catalogue cannot take it",
        { baseModel: { kind: "ClusterBaseModel", modelName: "Tiny" } },
        `modelstore:index:ClusterBaseModel "tiny" has 1 invalid argument
  modelName: got "Tiny", expected lower-case letters, digits, hyphens and dots, each part beginning and ending with a letter or digit`,
      ],
    ];
    for (const [title, args, message] of faults) {
      it(title, async () => {
        const registered: string[] = [];
        await assert.rejects(
          made((opts) => {
            const watched = {
              ...opts,
              transformations: [
                ({ type }: pulumi.ResourceTransformationArgs) => {
                  registered.push(type);
                  return undefined;
                },
              ],
            };
            const storage = new LocalStorageClass("disk", {}, opts);
            const volume = new ModelVolume(
              "weights",
              { storage, accessModes: ["ReadWriteOnce"], size: "1Gi" },
              opts,
            );
            const population = { source: "hf://acme/tiny", path: "acme/tiny", image: "node" };
            return new ModelStore("tiny", { volume, population, ...args }, watched);
          }),
          { message },
        );
        assert.deepEqual(registered, []);
      });
    }
  });
});

function revisionOfPods(resources: readonly MadeResource[]): string | undefined {
  const { template } = the(resources, "kubernetes:apps/v1:Deployment").inputs["spec"] as {
    template: { metadata: { annotations?: Record<string, string> } };
  };
  return template.metadata.annotations?.["modelstore/revision"];
}

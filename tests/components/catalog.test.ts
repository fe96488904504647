import assert from "node:assert/strict";
import { BaseModel, ClusterBaseModel } from "../../components";
import { made, the, tree, valueOf } from "../support/mocks";

const path = "meta-llama/Llama-3.1-8B-Instruct/main";
const leftToOme = [
  "spec.modelFormat",
  "spec.modelFramework",
  "spec.modelType",
  "spec.modelArchitecture",
  "spec.modelParameterSize",
  "spec.modelCapabilities",
  "spec.quantization",
  "spec.maxTokens",
];

describe("OME's catalogue", () => {
  it("BaseModel names the claim without its namespace, and lies in it", async () => {
    const { result, resources } = await made(
      (opts) => new BaseModel("llama", { namespace: "models", claimName: "weights", path }, opts),
    );

    assert.deepEqual(tree(resources), [
      "modelstore:index:BaseModel llama",
      "kubernetes:ome.io/v1beta1:BaseModel llama",
    ]);
    const { inputs, options } = the(resources, "kubernetes:ome.io/v1beta1:BaseModel");
    assert.deepEqual(inputs, {
      apiVersion: "ome.io/v1beta1",
      kind: "BaseModel",
      metadata: {
        name: "llama",
        namespace: "models",
        labels: {
          "app.kubernetes.io/name": "base-model",
          "app.kubernetes.io/instance": "llama",
          "app.kubernetes.io/component": "catalog",
          "app.kubernetes.io/managed-by": "modelstore",
          "app.kubernetes.io/part-of": "modelstore",
        },
      },
      spec: { storage: { storageUri: `pvc://weights/${path}` } },
    });
    assert.deepEqual(options.ignoreChanges, leftToOme);
    assert.equal(await valueOf(result.storageUri), `pvc://weights/${path}`);
    assert.equal(await valueOf(result.modelName), "llama");
  });

  it("ClusterBaseModel names the claim with its namespace", async () => {
    const { result, resources } = await made(
      (opts) =>
        new ClusterBaseModel(
          "llama",
          { claimNamespace: "models", claimName: "weights", path },
          opts,
        ),
    );

    assert.deepEqual(tree(resources), [
      "modelstore:index:ClusterBaseModel llama",
      "kubernetes:ome.io/v1beta1:ClusterBaseModel llama",
    ]);
    const { inputs, options } = the(resources, "kubernetes:ome.io/v1beta1:ClusterBaseModel");
    assert.equal((inputs["metadata"] as { namespace?: string }).namespace, undefined);
    assert.deepEqual(inputs["spec"], { storage: { storageUri: `pvc://models:weights/${path}` } });
    assert.deepEqual(options.ignoreChanges, leftToOme);
    assert.equal(await valueOf(result.storageUri), `pvc://models:weights/${path}`);
  });

  it("says what it is told, in OME's words, and leaves the rest to OME", async () => {
    const { resources } = await made(
      (opts) =>
        new ClusterBaseModel(
          "llama",
          {
            modelName: "llama-3-1-8b",
            claimNamespace: "models",
            claimName: "weights",
            path,
            displayName: "Llama 3.1 8B Instruct",
            vendor: "meta",
            version: "3.1",
            modelFormat: { name: "safetensors", version: "1.0.0" },
            modelFramework: { name: "transformers" },
            modelType: "llama",
            modelArchitecture: "LlamaForCausalLM",
            modelParameterSize: "8B",
            modelCapabilities: ["TEXT_GENERATION"],
            apiCapabilities: ["OPENAI_V1_CHAT_COMPLETIONS"],
            maxTokens: 131072,
          },
          opts,
        ),
    );

    const { inputs, options } = the(resources, "kubernetes:ome.io/v1beta1:ClusterBaseModel");
    assert.equal((inputs["metadata"] as { name: string }).name, "llama-3-1-8b");
    assert.deepEqual(inputs["spec"], {
      displayName: "Llama 3.1 8B Instruct",
      vendor: "meta",
      version: "3.1",
      modelFormat: { name: "safetensors", version: "1.0.0" },
      modelFramework: { name: "transformers" },
      modelType: "llama",
      modelArchitecture: "LlamaForCausalLM",
      modelParameterSize: "8B",
      modelCapabilities: ["TEXT_GENERATION"],
      apiCapabilities: ["OPENAI_V1_CHAT_COMPLETIONS"],
      maxTokens: 131072,
      storage: { storageUri: `pvc://models:weights/${path}` },
    });
    assert.deepEqual(options.ignoreChanges, ["spec.quantization"]);
  });

  for (const [type, make] of [
    [
      "BaseModel",
      (opts) => new BaseModel("Llama", { claimName: "weights", path: "", maxTokens: 0 }, opts),
    ],
    [
      "ClusterBaseModel",
      (opts) =>
        new ClusterBaseModel(
          "Llama",
          { claimNamespace: "models", claimName: "weights", path: "", maxTokens: 0 },
          opts,
        ),
    ],
  ] as [string, Parameters<typeof made>[0]][]) {
    it(`${type} fails when the model lies at the root of its volume, or has no name`, async () => {
      await assert.rejects(made(make), {
        message: `modelstore:index:${type} "Llama" has 3 invalid arguments
  modelName: got "Llama", expected lower-case letters, digits, hyphens and dots, each part beginning and ending with a letter or digit
  path: got "", which is empty; write a directory relative to the volume's root such as "org/repo/revision"
  maxTokens: got 0, expected a whole number from 1 to 2147483647`,
      });
    });
  }
});

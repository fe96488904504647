import assert from "node:assert/strict";
import { ModelNamespace } from "../../components";
import { made, the, tree, valueOf } from "../support/mocks";

describe("ModelNamespace", () => {
  const namespaceType = "kubernetes:core/v1:Namespace";

  it("makes one namespace for restricted pods, which stays as the claims in it do", async () => {
    const { result, resources } = await made(
      (opts) => new ModelNamespace("namespace", { namespace: "models" }, opts),
    );

    assert.deepEqual(tree(resources), [
      "modelstore:index:ModelNamespace namespace",
      `${namespaceType} namespace`,
    ]);
    const { inputs, options } = the(resources, namespaceType);
    assert.deepEqual(inputs["metadata"], {
      name: "models",
      labels: {
        "app.kubernetes.io/managed-by": "modelstore",
        "app.kubernetes.io/part-of": "modelstore",
        "pod-security.kubernetes.io/enforce": "restricted",
        "pod-security.kubernetes.io/warn": "restricted",
      },
    });
    assert.equal(options.protect, true);
    assert.equal(options.retainOnDelete, true);
    assert.equal(await valueOf(result.namespace), "models");
  });

  it("goes where that was asked for", async () => {
    const { resources } = await made(
      (opts) => new ModelNamespace("models", { deletionPolicy: "Delete" }, opts),
    );

    const { options } = the(resources, namespaceType);
    assert.equal(options.protect, false);
    assert.equal(options.retainOnDelete, false);
  });

  it("fails when no such namespace can exist", async () => {
    await assert.rejects(
      made((opts) => new ModelNamespace("namespace", { namespace: "my.models" }, opts)),
      {
        message: `modelstore:index:ModelNamespace "namespace" has 1 invalid argument
  namespace: got "my.models", expected lower-case letters, digits and hyphens, beginning and ending with a letter or digit`,
      },
    );
  });
});

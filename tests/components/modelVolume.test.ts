import assert from "node:assert/strict";
import {
  ExistingStorageClass,
  LocalStorageClass,
  ModelVolume,
  type ModelVolumeArgs,
} from "../../components";
import { made, the, tree, valueOf } from "../support/mocks";

const claimType = "kubernetes:core/v1:PersistentVolumeClaim";

function volume(
  args: Omit<ModelVolumeArgs, "storage"> = { accessModes: ["ReadWriteOnce"], size: "500Gi" },
) {
  return made((opts) => {
    const storage = new LocalStorageClass("disk", { provisioner: "loop.csi.example" }, opts);
    return new ModelVolume("weights", { ...args, storage }, opts);
  });
}

describe("ModelVolume", () => {
  it("makes one claim of a fixed name, and nobody waits for it before its first consumer", async () => {
    const { result, resources } = await volume();

    assert.deepEqual(tree(resources).slice(2), [
      "modelstore:index:ModelVolume weights",
      `${claimType} weights`,
    ]);
    assert.deepEqual(the(resources, claimType).inputs, {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: {
        name: "weights",
        labels: {
          "app.kubernetes.io/name": "model-volume",
          "app.kubernetes.io/instance": "weights",
          "app.kubernetes.io/component": "volume",
          "app.kubernetes.io/managed-by": "modelstore",
          "app.kubernetes.io/part-of": "modelstore",
        },
        annotations: { "pulumi.com/skipAwait": "true" },
      },
      spec: {
        accessModes: ["ReadWriteOnce"],
        storageClassName: "disk",
        resources: { requests: { storage: "500Gi" } },
      },
    });
    assert.equal(await valueOf(result.claimName), "weights");
    assert.equal(await valueOf(result.namespace), "default");
    assert.equal(await valueOf(result.storageClassName), "disk");
    assert.equal(result.capacity, "500Gi");
  });

  it("protects and retains the claim, and never deletes it in order to replace it", async () => {
    const { resources } = await volume();

    const { options } = the(resources, claimType);
    assert.equal(options.protect, true);
    assert.equal(options.retainOnDelete, true);
    assert.equal(options.deleteBeforeReplace, false);
  });

  it("lets go of the claim where that was asked for, but still never in order to replace it", async () => {
    const { resources } = await volume({
      accessModes: ["ReadWriteOnce"],
      size: "1Gi",
      deletionPolicy: "Delete",
    });

    const { options } = the(resources, claimType);
    assert.equal(options.protect, false);
    assert.equal(options.retainOnDelete, false);
    assert.equal(options.deleteBeforeReplace, false);
  });

  it("retains without protecting", async () => {
    const { resources } = await volume({
      accessModes: ["ReadWriteOnce"],
      size: "1Gi",
      protect: false,
    });

    const { options } = the(resources, claimType);
    assert.equal(options.protect, false);
    assert.equal(options.retainOnDelete, true);
  });

  it("comes after the class that it names", async () => {
    const { resources } = await volume();

    const { options } = the(resources, claimType);
    const [dependency] = options.dependsOn as unknown[];
    assert.equal(dependency, the(resources, "kubernetes:storage.k8s.io/v1:StorageClass").resource);
  });

  it("leaves waiting and class to the cluster where it knows neither", async () => {
    const { resources } = await made((opts) => {
      const storage = new ExistingStorageClass("default", {}, opts);
      return new ModelVolume(
        "weights",
        { storage, accessModes: ["ReadWriteOnce"], size: "2Gi", namespace: "models" },
        opts,
      );
    });

    const { inputs } = the(resources, claimType);
    assert.deepEqual(inputs["spec"], {
      accessModes: ["ReadWriteOnce"],
      resources: { requests: { storage: "2Gi" } },
    });
    const { annotations, namespace } = inputs["metadata"] as Record<string, unknown>;
    assert.equal(annotations, undefined);
    assert.equal(namespace, "models");
  });

  it("fails when the storage cannot do it, or the size means nothing", async () => {
    await assert.rejects(
      volume({
        claimName: "Weights",
        accessModes: ["ReadWriteOnce", "ReadWriteMany"],
        size: "500GB" as "500Gi",
      }),
      {
        message: `modelstore:index:ModelVolume "weights" has 3 invalid arguments
  claimName: got "Weights", expected lower-case letters, digits, hyphens and dots, each part beginning and ending with a letter or digit
  accessModes[1]: got "ReadWriteMany", which the storage cannot do; use "ReadWriteOnce" or "ReadWriteOncePod", or another storage
  size: got "500GB", expected a Kubernetes quantity with a binary unit such as "500Gi"`,
      },
    );
  });

  it("fails without an access mode", async () => {
    await assert.rejects(volume({ accessModes: [], size: "1Gi" }), {
      message: `modelstore:index:ModelVolume "weights" has 1 invalid argument
  accessModes: got [], expected at least one access mode`,
    });
  });
});

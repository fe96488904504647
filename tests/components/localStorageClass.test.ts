import assert from "node:assert/strict";
import { LocalStorageClass } from "../../components";
import { dependenciesOf, made, the, tree, valueOf } from "../support/mocks";

describe("LocalStorageClass", () => {
  it("makes one StorageClass, by hand-made volumes, that keeps them and waits for its first consumer", async () => {
    const { resources } = await made((opts) => new LocalStorageClass("disk", {}, opts));

    assert.deepEqual(tree(resources), [
      "modelstore:index:LocalStorageClass disk",
      "kubernetes:storage.k8s.io/v1:StorageClass disk",
    ]);
    const { inputs, options } = the(resources, "kubernetes:storage.k8s.io/v1:StorageClass");
    assert.deepEqual(inputs, {
      apiVersion: "storage.k8s.io/v1",
      kind: "StorageClass",
      metadata: {
        name: "disk",
        labels: {
          "app.kubernetes.io/name": "storage-class",
          "app.kubernetes.io/instance": "disk",
          "app.kubernetes.io/component": "storage",
          "app.kubernetes.io/managed-by": "modelstore",
          "app.kubernetes.io/part-of": "modelstore",
        },
      },
      provisioner: "kubernetes.io/no-provisioner",
      reclaimPolicy: "Retain",
      volumeBindingMode: "WaitForFirstConsumer",
      allowVolumeExpansion: false,
    });
    assert.equal(options.deleteBeforeReplace, true);
    assert.deepEqual(options.replaceOnChanges, ["reclaimPolicy", "volumeBindingMode"]);
  });

  it("tells a CSI driver its parameters, and lets its claims grow", async () => {
    const { result, resources } = await made(
      (opts) =>
        new LocalStorageClass(
          "disk",
          {
            storageClassName: "models-disk",
            provisioner: "loop.csi.example",
            parameters: { shared: "true" },
            accessModes: ["ReadWriteMany"],
            mountOptions: ["noatime"],
          },
          opts,
        ),
    );

    const { inputs } = the(resources, "kubernetes:storage.k8s.io/v1:StorageClass");
    assert.equal(inputs["provisioner"], "loop.csi.example");
    assert.deepEqual(inputs["parameters"], { shared: "true" });
    assert.equal(inputs["allowVolumeExpansion"], true);
    assert.deepEqual(inputs["mountOptions"], ["noatime"]);
    assert.equal(await valueOf(result.storageClassName), "models-disk");
    assert.deepEqual(result.accessModes, ["ReadWriteMany"]);
  });

  it("gives its name without a dependency, so that replacing the class replaces no claim", async () => {
    const { result } = await made((opts) => new LocalStorageClass("disk", {}, opts));

    assert.equal((await dependenciesOf(result.storageClassName)).size, 0);
    assert.deepEqual(result.resources, [result.storageClass]);
  });

  it("fails when nothing can expand its volumes, nor read its parameters", async () => {
    await assert.rejects(
      made(
        (opts) =>
          new LocalStorageClass(
            "disk",
            {
              storageClassName: "My_Disk",
              accessModes: [],
              allowVolumeExpansion: true,
              parameters: { shared: "true" },
            },
            opts,
          ),
      ),
      {
        message: `modelstore:index:LocalStorageClass "disk" has 4 invalid arguments
  storageClassName: got "My_Disk", expected lower-case letters, digits, hyphens and dots, each part beginning and ending with a letter or digit
  accessModes: got [], expected at least one access mode
  allowVolumeExpansion: got true, but volumes made by hand cannot grow; remove it, or name a CSI driver as provisioner
  parameters: is given, but there is no driver to read it; remove it, or name a CSI driver as provisioner`,
      },
    );
  });

  it("fails when its provisioner is one that Kubernetes no longer has", async () => {
    await assert.rejects(
      made((opts) => new LocalStorageClass("disk", { provisioner: "kubernetes.io/aws-ebs" }, opts)),
      {
        message: `modelstore:index:LocalStorageClass "disk" has 1 invalid argument
  provisioner: got "kubernetes.io/aws-ebs", which Kubernetes had built in once and has no more; use the CSI driver instead`,
      },
    );
  });
});

import assert from "node:assert/strict";
import { ExistingStorageClass } from "../../components";
import { made, tree, valueOf } from "../support/mocks";

describe("ExistingStorageClass", () => {
  it("makes nothing", async () => {
    const { result, resources } = await made(
      (opts) => new ExistingStorageClass("company", { storageClassName: "longhorn" }, opts),
    );

    assert.deepEqual(tree(resources), ["modelstore:index:ExistingStorageClass company"]);
    assert.equal(await valueOf(result.storageClassName), "longhorn");
    assert.deepEqual(result.accessModes, ["ReadWriteOnce"]);
    assert.deepEqual(result.resources, []);
  });

  it("stands for the cluster's default class without a name", async () => {
    const { result } = await made((opts) => new ExistingStorageClass("default", {}, opts));

    assert.equal(await valueOf(result.storageClassName), undefined);
  });

  it("fails when no such class can exist", async () => {
    await assert.rejects(
      made(
        (opts) =>
          new ExistingStorageClass("company", { storageClassName: "-x", accessModes: [] }, opts),
      ),
      {
        message: `modelstore:index:ExistingStorageClass "company" has 2 invalid arguments
  storageClassName: got "-x", expected lower-case letters, digits, hyphens and dots, each part beginning and ending with a letter or digit
  accessModes: got [], expected at least one access mode`,
      },
    );
  });
});

import assert from "node:assert/strict";
import * as components from "../../components";
import { made, type MadeResource } from "../support/mocks";

/**
 * Pulumi tells resources apart by type tokens and names: a change of either replaces what users have. Whoever changes
 * this list gives the component an alias.
 */
const typeTokens = [
  "modelstore:index:BaseModel",
  "modelstore:index:ClusterBaseModel",
  "modelstore:index:ExistingStorageClass",
  "modelstore:index:LocalStorageClass",
  "modelstore:index:ModelNamespace",
  "modelstore:index:ModelPopulation",
  "modelstore:index:ModelStore",
  "modelstore:index:ModelVolume",
  "modelstore:index:VllmDeployment",
];

describe("the identity of resources", () => {
  let resources: readonly MadeResource[];

  before(async () => {
    ({ resources } = await made((opts) => {
      new components.ModelNamespace("space", {}, opts);
      new components.ExistingStorageClass("company", {}, opts);
      const storage = new components.LocalStorageClass("disk", {}, opts);
      const volume = new components.ModelVolume(
        "weights",
        { storage, accessModes: ["ReadWriteOnce"], size: "1Gi" },
        opts,
      );
      for (const kind of ["BaseModel", "ClusterBaseModel"] as const) {
        const name = kind === "BaseModel" ? "one" : "two";
        new components.ModelStore(
          name,
          {
            volume,
            population: { source: "hf://acme/tiny", path: "acme/tiny", image: "node" },
            baseModel: { kind },
            servers: { [name]: { image: "vllm", servedModelName: name, replicas: 2 } },
          },
          opts,
        );
      }
    }));
  });

  it("has these type tokens, one for each component", () => {
    const tokens = resources
      .map(({ type }) => type)
      .filter((type) => type.startsWith("modelstore:"));
    assert.deepEqual([...new Set(tokens)].sort(), typeTokens);

    const classes = Object.entries(components).filter(([, value]) => typeof value === "function");
    assert.deepEqual(classes.map(([name]) => `modelstore:index:${name}`).sort(), typeTokens);
  });

  it("has names that begin with those of their parents", () => {
    const nameOf = new Map(resources.map(({ resource, name }) => [resource, name]));
    for (const { name, options } of resources) {
      const parent = options.parent && nameOf.get(options.parent);
      if (parent === undefined) continue;
      assert.ok(name === parent || name.startsWith(`${parent}-`), `${name} in ${parent}`);
    }
  });

  it("leaves no child without a parent", () => {
    const orphans = resources
      .filter(({ type, options }) => type.startsWith("kubernetes:") && options.parent === undefined)
      .map(({ urn }) => urn);
    assert.deepEqual(orphans, []);
  });
});

import assert from "node:assert/strict";
import { parse } from "yaml";
import { overlayStackFile } from "../../local/stackFile";

const base = `
config:
  modelstore:cluster: { namespace: models, createNamespace: true }
  modelstore:models:
    tiny: { source: "hf://org/small", volume: weights }
    mine: { source: "hf://me/mine", volume: weights }
`;
const overlay = `
config:
  modelstore:models:
    tiny: { source: "hf://modelstore/tiny-llama" }
  modelstore:huggingFace: { endpoint: "http://hub" }
`;

describe("overlayStackFile", () => {
  it("replaces entries by name, keeps the others, and adds new keys", () => {
    assert.deepEqual(parse(overlayStackFile(base, overlay)), {
      config: {
        "modelstore:cluster": { namespace: "models", createNamespace: true },
        "modelstore:models": {
          tiny: { source: "hf://modelstore/tiny-llama" },
          mine: { source: "hf://me/mine", volume: "weights" },
        },
        "modelstore:huggingFace": { endpoint: "http://hub" },
      },
    });
  });

  it("leaves out the salt of another workspace", () => {
    const result = parse(overlayStackFile(`encryptionsalt: v1:other\n${base}`, overlay)) as object;
    assert.deepEqual(Object.keys(result), ["config"]);
  });

  it("keeps the engine's salt but no earlier value", () => {
    const previous = "encryptionsalt: v1:abc\nconfig:\n  modelstore:old: 1\n";
    const result = parse(overlayStackFile(base, overlay, previous)) as Record<string, unknown>;
    assert.equal(result["encryptionsalt"], "v1:abc");
    assert.equal("modelstore:old" in (result["config"] as object), false);
  });
});

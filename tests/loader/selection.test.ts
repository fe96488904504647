import assert from "node:assert/strict";
import fc from "fast-check";
import { globPattern } from "../../loader/glob";
import { select, selectionId, selectionOf } from "../../loader/selection";
import type { PopulationSpec } from "../../plan/population";

function paths(names: readonly string[], spec: Partial<PopulationSpec> = {}): string[] {
  const files = names.map((path) => ({
    path,
    size: 1,
    digest: { algorithm: "sha256" as const, hex: "0".repeat(64) },
  }));
  const whole = { schema: 1, source: "", volume: "", path: "", ...spec } as const;
  return select(files, selectionOf(whole)).map(({ path }) => path);
}

describe("selection", () => {
  describe("patterns", () => {
    const cases: readonly (readonly [string, readonly string[], readonly string[]])[] = [
      ["*.json", ["config.json", "a/b.json", ".json"], ["config.jsonl", "config.JSON"]],
      ["config.json", ["config.json"], ["a/config.json", "configxjson"]],
      ["original/", ["original/a", "original/a/b"], ["original", "x/original/a"]],
      ["model-?.bin", ["model-1.bin", "model-/.bin"], ["model-10.bin"]],
      ["[a-c]x", ["ax", "cx"], ["dx", "x", "-x"]],
      ["[!a-c]x", ["dx", "/x"], ["ax"]],
      ["[]]x", ["]x"], ["[x", "x"]],
      ["[a", ["[a"], ["a"]],
      ["[z-a]x", [], ["zx", "ax", "-x"]],
      ["[b-]x", ["bx", "-x"], ["cx"]],
      ["a+(b)|c^$", ["a+(b)|c^$"], ["aab", "a"]],
      ["*é*", ["aéb"], ["aeb"]],
    ];
    for (const [pattern, matching, others] of cases) {
      it(`${pattern} as in fnmatch`, () => {
        for (const path of matching) assert.match(path, globPattern(pattern));
        for (const path of others) assert.doesNotMatch(path, globPattern(pattern));
      });
    }

    it("without special characters match themselves, and no pattern is an error", () => {
      fc.assert(
        fc.property(fc.string({ unit: "binary" }), (text) => {
          const pattern = globPattern(text);
          if (!/[*?[]|\/$/.test(text)) assert.match(text, pattern);
        }),
      );
    });
  });

  describe("selections", () => {
    const repository = [
      "README.md",
      "config.json",
      "model.safetensors",
      "onnx/model.onnx",
      "pytorch_model.bin",
      "tf_model.h5",
      "flax_model.msgpack",
      "training_args.bin",
    ];

    it("are by default what safetensors servers read", () => {
      assert.deepEqual(paths(repository), ["README.md", "config.json", "model.safetensors"]);
    });

    it("have other formats where a pattern names them, and pickles only where allowed", () => {
      assert.deepEqual(paths(repository, { include: ["*.onnx", "*.bin", "*.json"] }), [
        "config.json",
        "onnx/model.onnx",
      ]);
      assert.deepEqual(paths(repository, { include: ["*.bin"], allowPickle: true }), [
        "pytorch_model.bin",
        "training_args.bin",
      ]);
      assert.deepEqual(paths(repository, { allowPickle: true, exclude: ["*.h5", "onnx/"] }), [
        "README.md",
        "config.json",
        "model.safetensors",
        "pytorch_model.bin",
        "flax_model.msgpack",
        "training_args.bin",
      ]);
    });

    it("have a name that does not depend on the order of the patterns", () => {
      const id = (spec: Partial<PopulationSpec>) =>
        selectionId(selectionOf({ schema: 1, source: "", volume: "", path: "", ...spec }));
      assert.equal(id({}), undefined);
      assert.equal(id({ include: [], allowPickle: false }), undefined);
      assert.equal(id({ include: ["a", "b"] }), id({ include: ["b", "a", "b"] }));
      assert.notEqual(id({ include: ["a"] }), id({ exclude: ["a"] }));
    });
  });
});

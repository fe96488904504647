import assert from "node:assert/strict";
import { didYouMean } from "../../plan/didYouMean";
import { alternatives, formatPath, formatProblems, quote } from "../../plan/problems";

describe("problems", () => {
  it("are listed under one heading", () => {
    const problems = [
      { path: ["accessModes", 0], message: 'got "RWZ", expected an access mode' },
      { path: ["size"], message: "got 5, expected a quantity" },
    ];
    assert.equal(
      formatProblems('modelstore:index:ModelVolume "weights"', "argument", problems),
      [
        'modelstore:index:ModelVolume "weights" has 2 invalid arguments',
        '  accessModes[0]: got "RWZ", expected an access mode',
        "  size: got 5, expected a quantity",
      ].join("\n"),
    );
    assert.equal(
      formatProblems('stack "dev"', "configuration value", problems.slice(1), "modelstore:"),
      'stack "dev" has 1 invalid configuration value\n  modelstore:size: got 5, expected a quantity',
    );
  });

  it("have paths that Pulumi's command line understands", () => {
    assert.equal(formatPath(["models", "llama-3", "serve"]), "models.llama-3.serve");
    assert.equal(formatPath(["storage", "a", "accessModes", 1]), "storage.a.accessModes[1]");
    assert.equal(formatPath(["nodeSelector", "a.b/c"]), 'nodeSelector["a.b/c"]');
  });

  it("quote values so that texts and numbers differ, and cut what is long", () => {
    assert.equal(quote("8"), '"8"');
    assert.equal(quote(8), "8");
    assert.equal(quote(undefined), "nothing");
    assert.equal(quote("x".repeat(200)), `"${"x".repeat(159)}…`);
  });

  it("join alternatives", () => {
    assert.equal(alternatives(["a"]), '"a"');
    assert.equal(alternatives(["a", "b", "c"]), '"a", "b" or "c"');
  });

  for (const [word, meant] of [
    ["replica", "replicas"],
    ["Replicas", "replicas"],
    ["repilcas", "replicas"],
    ["nodeselector", "nodeSelector"],
    ["gpu", "gpus"],
    ["tolerance", undefined],
    ["", undefined],
  ] as const) {
    it(`take ${quote(word)} for ${quote(meant)}`, () => {
      assert.equal(didYouMean(word, ["replicas", "nodeSelector", "gpus"]), meant);
    });
  }
});

import assert from "node:assert/strict";
import {
  renderVllmArgs,
  vllmArgProblems,
  vllmEnvProblems,
  withParallelism,
  type VllmArgs,
} from "../../plan/vllm";

describe("vLLM's command line", () => {
  it("has a flag a line, in the order of their names", () => {
    const args: VllmArgs = {
      "max-model-len": 8192,
      dtype: "bfloat16",
      "enforce-eager": true,
      "async-scheduling": false,
      "disable-log-stats": false,
      "lora-modules": ["a=/a", "b=/b"],
      "hf-overrides": { rope_theta: 1e6 },
      seed: 0,
    };
    assert.deepEqual(renderVllmArgs(args), [
      "--no-async-scheduling",
      "--dtype=bfloat16",
      "--enforce-eager",
      '--hf-overrides={"rope_theta":1000000}',
      "--lora-modules",
      "a=/a",
      "b=/b",
      "--max-model-len=8192",
      "--seed=0",
    ]);
  });

  it("uses every GPU unless its flags say how", () => {
    assert.deepEqual(withParallelism({}, 4), { "tensor-parallel-size": 4 });
    assert.deepEqual(withParallelism({}, 1), {});
    assert.deepEqual(withParallelism({}, 0), {});
    const spread = { "pipeline-parallel-size": 4 };
    assert.deepEqual(withParallelism(spread, 4), spread);
  });

  for (const [flag, value, message] of [
    ["max-model-len", 1, undefined],
    ["constructor", 1, undefined],
    [
      "max_model_len",
      1,
      'got "max_model_len", expected the name of a vllm serve flag without its leading dashes such as "max-model-len"; write "max-model-len"',
    ],
    [
      "--max-model-len",
      1,
      'got "--max-model-len", expected the name of a vllm serve flag without its leading dashes such as "max-model-len"; write "max-model-len"',
    ],
    ["port", 80, "is reserved: probes and the Service rely on the server's own port; remove it"],
    [
      "headless",
      true,
      "is reserved: probes and the Service need a server that speaks HTTP; remove it",
    ],
    [
      "ssl-certfile",
      "/tls.crt",
      "is reserved: probes and the Service's clients speak plain HTTP; put a gateway that encrypts in front of the Service; remove it",
    ],
    ["served_model_name", "x", "is reserved: the server sets it from servedModelName; remove it"],
    ["lora-modules", [], "got [], expected at least one value; remove it"],
  ] as const) {
    it(`${message === undefined ? "takes" : "refuses"} --${flag}`, () => {
      const problems = message === undefined ? [] : [{ path: ["args", flag], message }];
      assert.deepEqual(vllmArgProblems({ [flag]: value }), problems);
    });
  }

  it("refuses variables that would let the server download, and names that are none", () => {
    assert.deepEqual(vllmEnvProblems(["VLLM_CPU_KVCACHE_SPACE", "constructor"]), []);
    assert.deepEqual(vllmEnvProblems(["HF_HUB_OFFLINE", "1A"]), [
      {
        path: ["env", "HF_HUB_OFFLINE"],
        message: "is reserved: the server never downloads; remove it",
      },
      {
        path: ["env", "1A"],
        message:
          'got "1A", expected the name of an environment variable: letters, digits and underscores',
      },
    ]);
  });
});

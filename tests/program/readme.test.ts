import assert from "node:assert/strict";
import { parse } from "yaml";
import { parseStackFile } from "../../config";
import { makePlan } from "../../plan/plan";
import { Readme } from "../support/readme";

describe("the README's stack file", () => {
  it("is accepted as it stands, and comes to one served model on one volume", () => {
    const [text = "", ...others] = new Readme().blocks("yaml");
    assert.deepEqual(others, []);
    const plan = makePlan(parseStackFile(parse(text), "readme"));
    assert.deepEqual(Object.keys(plan.volumes), ["weights"]);
    assert.deepEqual(Object.keys(plan.models), ["llama-3-8b"]);
    assert.deepEqual(Object.keys(plan.models["llama-3-8b"]?.servers ?? {}), ["llama-3-8b"]);
  });
});

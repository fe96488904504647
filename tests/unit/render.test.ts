import assert from "node:assert/strict";
import { makePlan } from "../../plan/plan";
import { renderPlan } from "../../plan/render";
import { stackConfigSchema } from "../../plan/stackConfig";
import { baseline } from "./baseline";

function rendered(changes = {}): string {
  return renderPlan(makePlan(stackConfigSchema.parse(baseline(changes))));
}

describe("renderPlan", () => {
  it("shows volumes, models, servers, costs and warnings", () => {
    const digest = `sha256:${"0".repeat(64)}`;
    const text = rendered({
      "cluster.context": "kind-dev",
      images: { loader: `node@${digest}`, vllm: `vllm@${digest}` },
      models: {
        small: {
          source: "hf://org/small",
          volume: "weights",
          baseModel: {},
          serve: { replicas: 2, gpus: 0 },
        },
      },
    });
    assert.equal(
      text,
      `Namespace models in context kind-dev

VOLUME   STORAGE  CLASS  ACCESS MODES  SIZE   ON DESTROY
weights  shared   efs    RWX           500Gi  kept, protected

MODEL  SOURCE               URI                           CATALOGUE        GIVEN UP AFTER
small  hf://org/small@main  pvc://weights/org/small/main  BaseModel small  4 h 16 min

SERVER  KIND        REPLICAS  GPUS  UPDATE         SERVICE               SERVED AS  STARTS WITHIN
small   Deployment  2         0     RollingUpdate  ClusterIP small:8000  small      2 h

COST             USD A MONTH  BASIS
volumes.weights  unknown      500Gi in storage class "efs", whose price only its provider knows
total            unknown      not every price is known

warning: model "small" follows "main" of org/small, which can move; pin a commit of 40 hexadecimal digits after @`,
    );
  });

  it("leaves out what a stack does not have", () => {
    assert.equal(
      rendered({ volumes: {}, models: {}, "cluster.createNamespace": true }),
      `Namespace models in the current context, made by the stack

COST   USD A MONTH  BASIS
total  0.00`,
    );
  });
});

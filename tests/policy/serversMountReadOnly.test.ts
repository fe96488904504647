import assert from "node:assert/strict";
import { type ResourceValidationArgs } from "@pulumi/policy";
import { serversMountReadOnly } from "../../policy/rules/serversMountReadOnly";

interface Claim {
  claimName: string;
  readOnly?: boolean;
}

function deployment(claim: Claim, managedBy = "modelstore"): Record<string, unknown> {
  return {
    metadata: { name: "tiny", labels: { "app.kubernetes.io/managed-by": managedBy } },
    spec: {
      template: { spec: { volumes: [{ name: "weights", persistentVolumeClaim: claim }] } },
    },
  };
}

/** The violations that the rule reports; it reads no more of its arguments than these two. */
function violations(type: string, props: Record<string, unknown>): string[] {
  const found: string[] = [];
  const { validateResource } = serversMountReadOnly;
  assert.ok(typeof validateResource === "function");
  void validateResource({ type, props } as ResourceValidationArgs, (message) =>
    found.push(message),
  );
  return found;
}

describe("modelstore-servers-mount-read-only", () => {
  const type = "kubernetes:apps/v1:Deployment";

  it("accepts a server that mounts its claim read-only", () => {
    assert.deepEqual(violations(type, deployment({ claimName: "weights", readOnly: true })), []);
  });

  it("refuses a server whose claim is writable", () => {
    assert.deepEqual(violations(type, deployment({ claimName: "weights", readOnly: false })), [
      'tiny: volume "weights" mounts the claim "weights" with readOnly false, expected true (a server that can write puts the weights of all others at risk)',
    ]);
  });

  it("refuses a claim that says nothing, since writable is Kubernetes' default", () => {
    assert.equal(violations(type, deployment({ claimName: "weights" })).length, 1);
  });

  it("leaves Jobs and other people's workloads alone", () => {
    const writable = deployment({ claimName: "weights" });
    assert.deepEqual(violations("kubernetes:batch/v1:Job", writable), []);
    assert.deepEqual(violations(type, deployment({ claimName: "weights" }, "helm")), []);
  });
});

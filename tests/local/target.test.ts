import assert from "node:assert/strict";
import { chooseTarget } from "../../local/target";

describe("chooseTarget", () => {
  const root = {
    platform: "linux",
    uid: 0,
    contexts: ["kind-dev"],
    currentContext: "kind-dev",
  } as const;

  it("is the embedded platform for root on Linux, whatever the kubeconfig says", () => {
    assert.deepEqual(chooseTarget(root), { kind: "embedded" });
  });

  it("is a named context wherever it runs", () => {
    assert.deepEqual(chooseTarget({ ...root, context: "kind-dev" }), {
      kind: "cluster",
      context: "kind-dev",
      why: "--context",
    });
  });

  it("fails when the named context does not exist, naming those that do", () => {
    assert.throws(() => chooseTarget({ ...root, context: "prod" }), {
      message:
        '--context: got "prod", which is not in your kubeconfig; use one of its contexts: kind-dev',
    });
  });

  it("falls back to the current context without root, saying why", () => {
    assert.deepEqual(chooseTarget({ ...root, uid: 1000 }), {
      kind: "cluster",
      context: "kind-dev",
      why: "the embedded platform makes namespaces and mounts, which needs root; this is uid 1000",
    });
  });

  it("fails without root and without a cluster, saying what to run", () => {
    assert.throws(
      () => chooseTarget({ platform: "darwin", uid: 501, contexts: [], currentContext: "" }),
      {
        message:
          "the embedded platform runs a kubelet, which needs Linux; this is darwin; any existing cluster serves as well, " +
          "but your kubeconfig names no current context (contexts: none); run: npm run up -- --context NAME",
      },
    );
  });
});

/** What `npm run up` says to somebody who may not make namespaces, and has no cluster. */
import assert from "node:assert/strict";
import { chmodSync, rmSync } from "node:fs";
import { Shell } from "../support/shell";

describe("npm run up without root and without a cluster", function () {
  this.timeout(60_000);

  const shell = new Shell();

  after(() => {
    rmSync(shell.state, { recursive: true });
  });

  it("says what to run instead, without a stack trace, and does nothing", async () => {
    chmodSync(shell.state, 0o777);
    const up = await shell.run(
      `exec setpriv --reuid 65534 --regid 65534 --clear-groups ${process.execPath} commands/run.mjs up`,
      { HOME: shell.state, KUBECONFIG: `${shell.state}/none`, npm_config_cache: shell.state },
    );
    assert.equal(up.status, 1);
    assert.equal(up.stdout, "");
    assert.equal(
      up.stderr.trim(),
      "the embedded platform makes namespaces and mounts, which needs root; this is uid 65534; any existing cluster serves as well, " +
        "but your kubeconfig names no current context (contexts: none); run: npm run up -- --context NAME",
    );
  });
});

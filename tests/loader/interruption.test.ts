import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFile, readlink, realpath, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startHub, type Hub } from "../../local/hub/hub";
import { damaged, readManifest, Sandbox, until } from "./sandbox";

describe("loaders that are interrupted, or meet", function () {
  this.timeout(60_000);
  let hub: Hub;
  let sandbox: Sandbox;
  let commit: string;

  beforeEach(async () => {
    hub = await startHub();
    commit = await hub.addRepository("acme/tiny", { files: model() });
    sandbox = await Sandbox.make();
  });

  afterEach(async () => {
    await hub.close();
    await sandbox.remove();
  });

  const slowly = () => {
    hub.fault({ at: "cdn", bytesPerSecond: 400_000 });
  };
  const transferring = () =>
    until(() =>
      Promise.resolve(hub.requests.some(({ at, bytesSent }) => at === "cdn" && bytesSent > 0)),
    );

  it("end with 143 soon after SIGTERM, and leave nothing behind", async () => {
    slowly();
    const { process, ended } = await sandbox.start(sandbox.spec({ endpoint: hub.url }));
    await transferring();
    const from = Date.now();
    process.kill("SIGTERM");
    const run = await ended;
    assert.equal(run.code, 143, run.stderr);
    assert.ok(Date.now() - from < 5000);
    assert.equal(run.termination, "stopped by SIGTERM; nothing half-done is visible");
    assert.deepEqual(await sandbox.visible(), []);
    assert.deepEqual(await sandbox.staged(), []);
  });

  it("are made up for by the next one after kill -9, which tidies up once it is safe", async () => {
    slowly();
    const spec = sandbox.spec({ endpoint: hub.url });
    const { process, ended } = await sandbox.start(spec);
    await transferring();
    process.kill("SIGKILL");
    await ended;
    assert.deepEqual(await sandbox.visible(), []);
    const left = await sandbox.staged();
    assert.equal(left.length, 1);

    hub.reset();
    await sandbox.result(spec);
    assert.deepEqual(await damaged(join(sandbox.volume, "model")), []);
    assert.deepEqual(await sandbox.staged(), left, "it might have been alive");

    const long = new Date(Date.now() - 10 * 60_000);
    const heartbeat = join(sandbox.volume, ".modelstore/staging", left[0] ?? "", "heartbeat");
    await utimes(heartbeat, long, long);
    await hub.addRepository("acme/tiny", { files: model() });
    await sandbox.result(spec);
    assert.deepEqual(await sandbox.staged(), []);
  });

  it("both end well, and with one tree, when they start at the same time", async () => {
    hub.fault({ at: "cdn", bytesPerSecond: 1_000_000 });
    const spec = sandbox.spec({ endpoint: hub.url });
    const loaders = await Promise.all([sandbox.start(spec), sandbox.start(spec)]);
    await until(async () => (await sandbox.staged()).length === 2);
    for (const { ended } of loaders) {
      const run = await ended;
      assert.equal(run.code, 0, run.stderr);
    }
    assert.deepEqual(await sandbox.revisions(), [commit]);
    assert.deepEqual(await damaged(join(sandbox.volume, "model")), []);
    assert.deepEqual(await sandbox.staged(), []);
  });

  it("take what another one has published only when it is whole", async () => {
    hub.fault({ at: "cdn", bytesPerSecond: 1_000_000 });
    const spec = sandbox.spec({ endpoint: hub.url });
    const first = await sandbox.start(spec);
    const second = await sandbox.start({ ...spec, path: "second" });
    await until(async () => (await sandbox.staged()).length === 2);
    second.process.kill("SIGSTOP");
    assert.equal((await first.ended).code, 0);
    const config = join(sandbox.volume, ".modelstore/revisions/acme/tiny", commit, "config.json");
    await writeFile(config, "somebody else's");
    second.process.kill("SIGCONT");
    const run = await second.ended;
    assert.equal(run.code, 0, run.stderr);
    assert.deepEqual(await sandbox.revisions(), [commit, `${commit}.2`]);
    assert.deepEqual(await damaged(join(sandbox.volume, "second")), []);
  });

  it("never publish after another one has taken them for dead", async () => {
    hub.fault({ at: "cdn", bytesPerSecond: 1_000_000 });
    const spec = sandbox.spec({ endpoint: hub.url });
    const zombie = await sandbox.start({ ...spec, path: "zombie" });
    await transferring();
    zombie.process.kill("SIGSTOP");
    const [name = ""] = await sandbox.staged();
    const long = new Date(Date.now() - 10 * 60_000);
    await utimes(join(sandbox.volume, ".modelstore/staging", name, "heartbeat"), long, long);
    await sandbox.result(spec);
    zombie.process.kill("SIGCONT");
    assert.equal((await zombie.ended).code, 75);
    assert.deepEqual(await sandbox.visible(), ["model"]);
    assert.deepEqual(await sandbox.revisions(), [commit]);
    assert.deepEqual(await damaged(join(sandbox.volume, "model")), []);
  });

  it("change a moved branch in one step, and readers see whole trees only", async () => {
    const spec = sandbox.spec({ endpoint: hub.url });
    await sandbox.result(spec);
    const path = join(sandbox.volume, "model");
    const before = await realpath(path);
    const next = await hub.addRepository("acme/tiny", { files: model() });

    const { process, ended } = await sandbox.start(spec);
    const seen: string[] = [];
    while (process.exitCode === null) {
      const tree = await realpath(path);
      assert.deepEqual(await damaged(tree), []);
      const { revision } = await readManifest(tree);
      if (revision !== seen.at(-1)) seen.push(revision);
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal((await ended).code, 0);
    assert.equal((await sandbox.manifest()).revision, next);
    assert.deepEqual([...new Set([...seen, next])], [commit, next]);
    // A server that has the old one open keeps it.
    assert.deepEqual(await damaged(before), []);
    assert.match(await readlink(path), new RegExp(`${next}$`));
  });

  it("keep the token out of their command line and environment", async () => {
    slowly();
    const tokenFile = await sandbox.token("hf_verysecretindeed");
    await hub.addRepository("acme/tiny", { files: model(), tokens: ["hf_verysecretindeed"] });
    const { process, ended } = await sandbox.start(sandbox.spec({ endpoint: hub.url, tokenFile }));
    await transferring();
    for (const what of ["cmdline", "environ"]) {
      assert.doesNotMatch(
        await readFile(`/proc/${process.pid ?? 0}/${what}`, "utf8"),
        /verysecret/,
      );
    }
    process.kill("SIGTERM");
    await ended;
  });

  function model(): Record<string, string | Uint8Array> {
    return {
      "config.json": `{"n":"${randomBytes(4).toString("hex")}"}`,
      "model.safetensors": randomBytes(2_000_000),
    };
  }
});

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { join } from "node:path";
import type { Fault } from "../../local/hub/faults";
import { startHub, type Hub } from "../../local/hub/hub";
import { damaged, resultOf, Sandbox, type LoaderRun } from "./sandbox";

const weights = randomBytes(3_000_000);
const files = { "config.json": '{"model_type":"llama"}', "model.safetensors": weights };
const bytes = weights.length + files["config.json"].length;
const sha256 = (content: Uint8Array) => createHash("sha256").update(content).digest("hex");

describe("a hub that misbehaves", function () {
  this.timeout(60_000);
  let hub: Hub;
  let sandbox: Sandbox;

  before(async () => {
    hub = await startHub({ repositories: { "acme/tiny": { files } } });
  });

  beforeEach(async () => {
    sandbox = await Sandbox.make();
  });

  afterEach(async () => {
    hub.reset();
    await sandbox.remove();
  });

  after(() => hub.close());

  function runWith(...faults: readonly Fault[]): Promise<LoaderRun> {
    for (const fault of faults) hub.fault(fault);
    return sandbox.run(sandbox.spec({ endpoint: hub.url }));
  }

  const healed: Readonly<Record<string, readonly Fault[]>> = {
    "flips a bit once": [{ path: "model.safetensors", at: "cdn", flipBitAt: 77, times: 1 }],
    "cuts the connection twice": [
      { path: "model.safetensors", at: "cdn", cutAfterBytes: 1_200_000, times: 2 },
    ],
    "is unavailable three times in a row": [{ at: "hub", status: 503, times: 3 }],
    "is unavailable where large files come from": [{ at: "cdn", status: 502, times: 2 }],
    "has no more of a link's time left": [{ at: "cdn", status: 403, times: 1 }],
    "sends less than it lists, once": [
      { path: "model.safetensors", at: "cdn", truncateToBytes: 1_000_000, times: 1 },
    ],
    "compresses though nobody asked for it, once": [
      { path: "model.safetensors", at: "cdn", gzip: true, times: 1 },
    ],
    "sends more than it lists, once": [
      { path: "model.safetensors", at: "cdn", extraBytes: 5000, times: 1 },
    ],
    "never stops sending, once": [
      { path: "model.safetensors", at: "cdn", endless: true, times: 1 },
    ],
  };
  for (const [name, faults] of Object.entries(healed)) {
    it(`is forgiven when it ${name}`, async () => {
      const run = await runWith(...faults);
      assert.equal(run.code, 0, run.stderr);
      assert.equal(resultOf(run).bytes, bytes);
      assert.deepEqual(await damaged(join(sandbox.volume, "model")), []);
      assert.deepEqual(await sandbox.staged(), []);
    });
  }

  const final: readonly (readonly [string, Fault, RegExp])[] = [
    [
      "flips a bit of a large file",
      { path: "model.safetensors", flipBitAt: 77 },
      new RegExp(
        `^model\\.safetensors is not what the source states, twice: expected sha256 ${sha256(weights)}, got [0-9a-f]{64}; the source is damaged, or something on the way changes it$`,
      ),
    ],
    [
      "flips a bit of a small file",
      { path: "config.json", flipBitAt: 5 },
      /^config\.json is not what the source states, twice: expected git-blob [0-9a-f]{40}, got [0-9a-f]{40}; /,
    ],
    [
      "sends less than it lists",
      { path: "model.safetensors", truncateToBytes: 1_000_000 },
      /^model\.safetensors is not .*: expected 3000000 bytes, and the answer has 1000000; /,
    ],
    [
      "sends more than it lists",
      { path: "model.safetensors", extraBytes: 10 },
      /^model\.safetensors is not .*: expected 3000000 bytes, and the answer has 3000010; /,
    ],
    [
      "never stops sending",
      { path: "model.safetensors", endless: true },
      /^model\.safetensors is not .*: expected 3000000 bytes, and more arrive; /,
    ],
    [
      "always compresses",
      { path: "model.safetensors", gzip: true },
      /^model\.safetensors is not .*: the answer is encoded as gzip, though nobody asked for it; /,
    ],
    [
      "lists another hash",
      { path: "/api/**", listing: { file: "model.safetensors", hash: "0".repeat(64) } },
      /^model\.safetensors is not .*: expected sha256 0{64}, got [0-9a-f]{64}; /,
    ],
  ];
  for (const [name, fault, message] of final) {
    it(`is found out when it ${name} (65), and nothing is at the path`, async () => {
      const run = await runWith(fault);
      assert.equal(run.code, 65, run.stderr);
      assert.match(run.termination, message);
      assert.deepEqual(await sandbox.visible(), []);
      assert.deepEqual(await sandbox.revisions(), []);
      assert.deepEqual(await sandbox.staged(), []);
    });
  }

  it("fetches a damaged file again, and only that one", async () => {
    const run = await runWith({ path: "model.safetensors", at: "cdn", flipBitAt: 77, times: 1 });
    assert.equal(resultOf(run).downloadedBytes, bytes + weights.length);
  });

  it("goes on where a connection broke off", async () => {
    const run = await runWith({
      path: "model.safetensors",
      at: "cdn",
      cutAfterBytes: 2_500_000,
      times: 1,
    });
    const [first, second] = hub.requests.filter(({ at }) => at === "cdn");
    assert.equal(first?.range, undefined);
    assert.match(second?.range ?? "", /^bytes=2\d{6}-2999999$/);
    assert.equal(resultOf(run).downloadedBytes, bytes);
  });

  it("arrives in small steps where every connection breaks off", async () => {
    const run = await runWith({ path: "model.safetensors", at: "cdn", cutAfterBytes: 500_000 });
    assert.equal(run.code, 0, run.stderr);
    assert.equal(resultOf(run).downloadedBytes, bytes);
  });

  it("starts the file again where ranges are ignored", async () => {
    const run = await runWith(
      { path: "model.safetensors", ignoreRange: true },
      { path: "model.safetensors", at: "cdn", cutAfterBytes: 2_500_000, times: 2 },
    );
    assert.equal(run.code, 0, run.stderr);
    assert.deepEqual(await damaged(join(sandbox.volume, "model")), []);
  });

  it("gives up on a file that always breaks off where ranges are ignored (69)", async () => {
    const run = await runWith(
      { path: "model.safetensors", ignoreRange: true },
      { path: "model.safetensors", at: "cdn", cutAfterBytes: 2_500_000 },
    );
    assert.equal(run.code, 69, run.stderr);
    assert.deepEqual(await sandbox.visible(), []);
  });

  it("waits as long as it is told to", async () => {
    const run = await runWith({
      at: "hub",
      status: 429,
      headers: { "Retry-After": "2" },
      times: 1,
    });
    assert.equal(run.code, 0, run.stderr);
    assert.ok(run.seconds >= 2, `took ${run.seconds} s`);
  });

  it("gives up on a hub that keeps failing (69)", async () => {
    const run = await runWith({ at: "hub", status: 503 });
    assert.equal(run.code, 69);
    assert.equal(
      run.termination,
      `${hub.url}/api/models/acme/tiny/revision/main answers 503 (5 attempts); check the source's endpoint and the network`,
    );
  });

  it("gives up on redirections without end (69)", async () => {
    const run = await runWith({ at: "hub", redirectLoop: true });
    assert.equal(run.code, 69);
    assert.match(run.termination, /redirects more than 5 times/);
  });

  it("shows the token to nobody but the hub, and in no message", async () => {
    const token = "hf_verysecretindeed";
    await hub.addRepository("acme/private", { files, private: true, tokens: [token] });
    const spec = sandbox.spec({
      endpoint: hub.url,
      source: "hf://acme/private",
      tokenFile: await sandbox.token(token),
    });
    const run = await sandbox.run(spec);
    assert.equal(run.code, 0, run.stderr);
    const authorizations = (server: "hub" | "cdn") =>
      new Set(hub.requests.filter(({ at }) => at === server).map((each) => each.authorization));
    assert.deepEqual(authorizations("hub"), new Set(["valid"]));
    assert.deepEqual(authorizations("cdn"), new Set(["none"]));

    hub.fault({ at: "hub", status: 403 });
    const refused = await sandbox.run(spec);
    assert.equal(refused.code, 77);
    for (const { stdout, stderr, termination } of [run, refused]) {
      assert.doesNotMatch(stdout + stderr + termination, /verysecret/);
    }
    assert.doesNotMatch(JSON.stringify(await sandbox.manifest()), /verysecret/);
  });
});

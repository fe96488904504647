import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { readlink, realpath, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startHub, type Hub } from "../../local/hub/hub";
import { bundleLoader } from "../../loader/bundle";
import { damaged, resultOf, Sandbox } from "./sandbox";

const nobody = "http://127.0.0.1:9";

const weights = randomBytes(3_000_000);
const files = {
  "config.json": '{"model_type":"llama"}',
  "empty.txt": "",
  "model-00001-of-00002.safetensors": weights,
  "model-00002-of-00002.safetensors": weights.subarray(1000),
  "pytorch_model.bin": weights.subarray(2000),
  "tokenizer/vocabulary 100%.txt": "a\nb\n",
};

describe("population", function () {
  this.timeout(60_000);
  let hub: Hub;
  let sandbox: Sandbox;
  let commit: string;

  beforeEach(async () => {
    hub = await startHub();
    commit = await hub.addRepository("acme/tiny", { files });
    sandbox = await Sandbox.make();
  });

  afterEach(async () => {
    await hub.close();
    await sandbox.remove();
  });

  it("puts the verified files at the model's path, with a manifest, and tells what it did", async () => {
    const run = await sandbox.run(sandbox.spec({ endpoint: hub.url }));
    assert.equal(run.code, 0, run.stderr);

    const expected = Object.entries(files)
      .filter(([path]) => path !== "pytorch_model.bin")
      .map(([path, content]) => ({
        path,
        size: content.length,
        sha256: createHash("sha256").update(content).digest("hex"),
      }));
    const bytes = expected.reduce((sum, { size }) => sum + size, 0);
    const { createdAt, ...manifest } = await sandbox.manifest();
    assert.deepEqual(manifest, {
      schema: 1,
      source: "hf://acme/tiny@main",
      revision: commit,
      selection: { include: [], exclude: [], allowPickle: false },
      files: expected,
      bytes,
      loader: bundleLoader().digest,
    });
    assert.ok(Math.abs(Date.parse(createdAt) - Date.now()) < 60_000);
    assert.deepEqual(await damaged(join(sandbox.volume, "model")), []);

    const result = resultOf(run);
    assert.deepEqual(
      { ...result, seconds: 0, bytesPerSecond: 0 },
      { revision: commit, files: 5, bytes, seconds: 0, bytesPerSecond: 0, downloadedBytes: bytes },
    );
    assert.ok(result.seconds > 0 && result.bytesPerSecond > 0);
    assert.deepEqual(JSON.parse(run.termination), result);
    assert.match(
      run.stdout,
      /^\{"event":"progress","bytes":\d+,"total":\d+,"bytesPerSecond":\d+,"files":5,"totalFiles":5,"etaSeconds":0\}$/m,
    );
    assert.deepEqual(await sandbox.staged(), []);
  });

  it("writes what sha256sum agrees with", async () => {
    await sandbox.result(sandbox.spec({ endpoint: hub.url }));
    const sums = (await sandbox.manifest()).files.map(({ path, sha256 }) => `${sha256}  ${path}\n`);
    const output = execFileSync("sha256sum", ["--check", "--strict"], {
      cwd: join(sandbox.volume, "model"),
      input: sums.join(""),
      encoding: "utf8",
    });
    assert.equal(output.match(/: OK$/gm)?.length, 5);
  });

  it("makes the path a relative link, so that it holds wherever the volume is mounted", async () => {
    await sandbox.result(sandbox.spec({ endpoint: hub.url, path: "llm/acme/tiny" }));
    assert.equal(
      await readlink(join(sandbox.volume, "llm/acme/tiny")),
      `../../.modelstore/revisions/acme/tiny/${commit}`,
    );
  });

  it("makes files and directories that others may read", async () => {
    await sandbox.result(sandbox.spec({ endpoint: hub.url }));
    const mode = async (path: string) =>
      ((await stat(join(sandbox.volume, path))).mode & 0o777).toString(8);
    assert.equal(await mode("model/config.json"), "644");
    assert.equal(await mode("model/.modelstore.json"), "644");
    assert.equal(await mode("model/tokenizer"), "755");
    assert.equal(await mode(".modelstore"), "755");
  });

  it("asks once and downloads nothing when a branch has not moved", async () => {
    const spec = sandbox.spec({ endpoint: hub.url });
    await sandbox.result(spec);
    hub.reset();
    const result = await sandbox.result(spec);
    assert.deepEqual([result.downloadedBytes, result.bytesPerSecond, result.files], [0, 0, 5]);
    assert.deepEqual(
      hub.requests.map(({ path }) => path),
      ["/api/models/acme/tiny/revision/main"],
    );
    assert.ok(result.seconds < 1, `took ${result.seconds} s`);
  });

  it("asks nobody when a commit is there already, so that the hub may be away", async () => {
    const source = `hf://acme/tiny@${commit}`;
    await sandbox.result(sandbox.spec({ endpoint: hub.url, source }));
    const result = await sandbox.result(sandbox.spec({ endpoint: nobody, source }));
    assert.deepEqual([result.revision, result.downloadedBytes], [commit, 0]);
  });

  it("links a second path to what is there, without asking or downloading", async () => {
    const source = `hf://acme/tiny@${commit}`;
    await sandbox.result(sandbox.spec({ endpoint: hub.url, source }));
    await sandbox.result(sandbox.spec({ endpoint: nobody, source, path: "second" }));
    assert.equal(
      await realpath(join(sandbox.volume, "second")),
      await realpath(join(sandbox.volume, "model")),
    );
    assert.deepEqual(await sandbox.staged(), []);
  });

  it("does not call a tree whole that lacks a file, or has one of another size", async () => {
    const source = `hf://acme/tiny@${commit}`;
    const spec = sandbox.spec({ endpoint: hub.url, source });
    await sandbox.result(spec);
    for (const damage of [(path: string) => rm(path), (path: string) => truncate(path, 1000)]) {
      await damage(join(sandbox.volume, "model", "model-00001-of-00002.safetensors"));
      const away = await sandbox.run({ ...spec, endpoint: nobody });
      assert.equal(away.code, 69, away.stderr);
      const result = await sandbox.result(spec);
      assert.ok(result.downloadedBytes > 0);
      assert.deepEqual(await damaged(join(sandbox.volume, "model")), []);
    }
    // The damaged ones stay where servers may have them open.
    assert.deepEqual(await sandbox.revisions(), [commit, `${commit}.2`, `${commit}.3`]);
  });

  it("does not trust a manifest that is not whole itself", async () => {
    const source = `hf://acme/tiny@${commit}`;
    const spec = sandbox.spec({ endpoint: hub.url, source });
    await sandbox.result(spec);
    await writeFile(join(sandbox.volume, "model", ".modelstore.json"), '{"schema":1,');
    assert.ok((await sandbox.result(spec)).downloadedBytes > 0);
    assert.deepEqual(await damaged(join(sandbox.volume, "model")), []);
  });

  it("keeps two selections of one revision apart", async () => {
    const all = sandbox.spec({ endpoint: hub.url, path: "all", allowPickle: true });
    const few = sandbox.spec({
      endpoint: hub.url,
      path: "few",
      include: ["*.json", "tokenizer/"],
    });
    await sandbox.result(all);
    await sandbox.result(few);
    const paths = async (path: string) =>
      (await sandbox.manifest(path)).files.map((file) => file.path);
    assert.deepEqual(await paths("all"), Object.keys(files));
    assert.deepEqual(await paths("few"), ["config.json", "tokenizer/vocabulary 100%.txt"]);
  });

  it("lists repositories of more than one page", async () => {
    const many = Object.fromEntries(
      Array.from({ length: 1100 }, (_, index) => [`part-${index}.txt`, String(index)]),
    );
    await hub.addRepository("acme/tiny", { files: many });
    const result = await sandbox.result(sandbox.spec({ endpoint: hub.url }));
    assert.equal(result.files, 1100);
    assert.deepEqual(await damaged(join(sandbox.volume, "model")), []);
  });

  it("fetches a large file in parts, over several streams", async () => {
    const large = randomBytes(150 * 1024 * 1024);
    await hub.addRepository("acme/tiny", { files: { "model.safetensors": large } });
    const result = await sandbox.result(sandbox.spec({ endpoint: hub.url }));
    assert.deepEqual([result.bytes, result.downloadedBytes], [large.length, large.length]);
    const ranges = hub.requests.filter(({ at }) => at === "cdn").map(({ range }) => range);
    assert.deepEqual(ranges.sort(), [
      "bytes=0-67108863",
      "bytes=134217728-157286399",
      "bytes=67108864-134217727",
    ]);
    assert.deepEqual(await damaged(join(sandbox.volume, "model")), []);
  });
});

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import type { Fault } from "../../local/hub/faults";
import { startHub, type Hub } from "../../local/hub/hub";
import { FileDownload } from "../../loader/fileDownload";
import { HttpClient, pauseSeconds } from "../../loader/http";
import { HuggingFace } from "../../loader/huggingFace";
import type { ModelSource, SourceFile } from "../../loader/source";
import { parseSource } from "../../plan/sources";

const partBytes = 100_000;

describe("a file's download", function () {
  this.timeout(60_000);
  const content = randomBytes(750_000);
  const path = "model.safetensors";
  let hub: Hub;
  let directory: string;
  let commit: string;
  let file: SourceFile;
  let source: ModelSource;

  before(async () => {
    hub = await startHub({ repositories: { "acme/tiny": { files: { [path]: content } } } });
    directory = await mkdtemp(join(tmpdir(), "modelstore-download-"));
    const http = new HttpClient(undefined, 300);
    source = new HuggingFace(parseSource("hf://acme/tiny"), hub.url, http, false);
    const { signal } = new AbortController();
    commit = await source.resolve(signal);
    const [only] = await source.list(commit, signal);
    assert.ok(only);
    file = only;
  });

  beforeEach(() => {
    hub.reset();
  });

  after(async () => {
    source.close();
    await hub.close();
    await rm(directory, { recursive: true });
  });

  /** Fetches with so many streams. @returns how many bytes counted in the end */
  async function fetch(streams: number): Promise<number> {
    const target = join(directory, randomBytes(4).toString("hex"));
    const failure = new AbortController();
    let counted = 0;
    const context = { source, revision: commit, signal: failure.signal, partBytes };
    const onBytes = (count: number): void => {
      counted += count;
    };
    const download = new FileDownload(file, target, { ...context, onBytes });
    const stream = async (): Promise<void> => {
      while (download.hasWork) await download.work();
    };
    try {
      await Promise.all(Array.from({ length: streams }, stream));
    } finally {
      failure.abort();
    }
    const bytes = await readFile(target);
    assert.ok(bytes.equals(content), "other bytes on the volume");
    assert.equal(download.sha256, createHash("sha256").update(content).digest("hex"));
    return counted;
  }

  it("is whole and hashed, however its parts arrive", async () => {
    for (const streams of [1, 2, 5, 16]) assert.equal(await fetch(streams), content.length);
  });

  it("survives what happens to single parts", async () => {
    const fault = fc.oneof(
      fc.record({ cutAfterBytes: fc.nat(partBytes) }),
      fc.record({ truncateToBytes: fc.integer({ min: 1, max: partBytes }) }),
      fc.record({ status: fc.constantFrom(500, 502, 503, 403) }),
    );
    const faults = fc.array(fault, { maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(faults, fc.integer({ min: 1, max: 8 }), async (given: Fault[], streams) => {
        hub.reset();
        for (const each of given) hub.fault({ ...each, path, at: "cdn", times: 1 });
        assert.equal(await fetch(streams), content.length);
      }),
      { numRuns: 10 },
    );
  });

  it("starts again as one part where ranges are ignored", async () => {
    hub.fault({ path, ignoreRange: true });
    assert.equal(await fetch(4), content.length);
    assert.ok(hub.requests.some(({ at, range }) => at === "cdn" && range === undefined));
  });

  it("goes on after a connection on which nothing arrives any more", async () => {
    hub.fault({ path, at: "cdn", stallAfterBytes: 30_000, times: 2 });
    assert.equal(await fetch(3), content.length);
  });

  it("is tried twice when a bit is wrong, and then given up with both hashes", async () => {
    hub.fault({ path, flipBitAt: 555_555 });
    await assert.rejects(fetch(3), {
      exitCode: 65,
      message:
        /^model\.safetensors is not what the source states, twice: expected sha256 [0-9a-f]{64}, got [0-9a-f]{64}; /,
    });
  });

  it("waits as long as headers ask it to", () => {
    assert.equal(pauseSeconds({}), undefined);
    assert.equal(pauseSeconds({ "retry-after": "7" }), 7);
    const date = new Date(Date.now() + 60_000).toUTCString();
    assert.ok(Math.abs((pauseSeconds({ "retry-after": date }) ?? 0) - 60) < 2);
    assert.equal(pauseSeconds({ "retry-after": "soon" }), undefined);
    assert.equal(pauseSeconds({ ratelimit: '"api";r=0;t=55' }), 55);
    assert.equal(pauseSeconds({ ratelimit: '"api";r=10;t=55' }), undefined);
  });
});

import assert from "node:assert/strict";
import { request } from "node:http";
import { gunzipSync } from "node:zlib";
import type { Fault } from "../../local/hub/faults";
import { startHub, type Hub } from "../../local/hub/hub";

const size = 3_000_000;
const weights = Buffer.alloc(size, "0123456789a");

/** What a client got before the end, and whether it was the end that the answer promised. */
interface Got {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
  readonly complete: boolean;
}

/** Asks as a plain client would that decodes nothing, until the end or until `limit` bytes or milliseconds are over. */
function get(
  url: string,
  {
    range,
    limit = Infinity,
    milliseconds = 5000,
  }: { range?: string; limit?: number; milliseconds?: number } = {},
): Promise<Got> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { headers: range === undefined ? {} : { Range: range } });
    asked.once("error", reject).once("response", (response) => {
      const chunks: Buffer[] = [];
      let length = 0;
      const finish = (): void => {
        clearTimeout(timer);
        const { statusCode = 0, headers, complete } = response;
        resolve({ status: statusCode, headers, body: Buffer.concat(chunks), complete });
        asked.destroy();
      };
      const timer = setTimeout(finish, milliseconds);
      response.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        length += chunk.length;
        if (length >= limit) finish();
      });
      response.once("end", finish).once("error", finish);
    });
    asked.end();
  });
}

describe("the local hub's faults", () => {
  let hub: Hub;
  let cdn: string;

  before(async () => {
    hub = await startHub({
      repositories: {
        "acme/tiny": { files: { "config.json": "{}\n", "model.safetensors": weights } },
      },
    });
    const resolved = await get(`${hub.url}/acme/tiny/resolve/main/model.safetensors`);
    cdn = String(resolved.headers["location"]);
  });

  after(async () => {
    await hub.close();
  });

  beforeEach(() => {
    hub.reset();
  });

  const api = (): string => `${hub.url}/api/models/acme/tiny`;
  const plain = (): string => `${hub.url}/acme/tiny/resolve/main/config.json`;
  const status = async (url: string): Promise<number> => (await get(url)).status;

  describe("strike", () => {
    it("as often as they are told to", async () => {
      hub.fault({ status: 503, times: 2 });
      assert.deepEqual(
        [await status(api()), await status(api()), await status(api())],
        [503, 503, 200],
      );
    });

    const scopes: [Fault, boolean, boolean, boolean][] = [
      [{ path: "/api/**" }, true, false, false],
      [{ path: "*.json" }, false, true, false],
      [{ path: "config.json" }, false, true, false],
      [{ path: "onfig.json" }, false, false, false],
      [{ path: "/acme/*/resolve/**" }, false, true, false],
      [{ path: "/acme/*" }, false, false, false],
      [{ path: "*.safetensors" }, false, false, true],
      [{ at: "cdn" }, false, false, true],
      [{ at: "hub" }, true, true, false],
      [{ method: "HEAD" }, false, false, false],
      [{ method: "GET" }, true, true, true],
    ];
    for (const [scope, ...expected] of scopes) {
      it(`only within ${JSON.stringify(scope)}`, async () => {
        hub.fault({ ...scope, status: 500 });
        const struck = [await status(api()), await status(plain()), await status(cdn)];
        assert.deepEqual(
          struck.map((each) => each === 500),
          expected,
        );
      });
    }

    it("together", async () => {
      hub.fault({ truncateToBytes: 1000 });
      hub.fault({ flipBitAt: 0 });
      const { body } = await get(cdn);
      assert.equal(body.length, 1000);
      assert.equal(body[0], "0".charCodeAt(0) ^ 1);
    });

    it("not in words that the hub does not know", () => {
      assert.throws(() => {
        hub.fault({ statsu: 500 } as Fault);
      }, /^TypeError: fault has no field "statsu"; its fields are path, at, method, times, latencyMs, /);
      assert.throws(() => {
        hub.fault({ status: "500" } as unknown as Fault);
      }, /^TypeError: fault's status is "500", expected a value of type number$/);
    });
  });

  it("latencyMs: answers late", async () => {
    hub.fault({ latencyMs: 200 });
    const began = performance.now();
    assert.equal(await status(plain()), 200);
    assert.ok(performance.now() - began >= 190);
  });

  it("status and headers: answers something else", async () => {
    hub.fault({ status: 429, headers: { "Retry-After": "7" } });
    const { status, headers } = await get(plain());
    assert.equal(status, 429);
    assert.equal(headers["retry-after"], "7");
  });

  it("redirectTo: sends elsewhere", async () => {
    hub.fault({ path: "*.safetensors", at: "hub", redirectTo: "http://127.0.0.1:9/x" });
    const url = `${hub.url}/acme/tiny/resolve/main/model.safetensors`;
    const { status, headers } = await get(url);
    assert.deepEqual([status, headers["location"]], [302, "http://127.0.0.1:9/x"]);
  });

  it("redirectLoop: sends back to the same place", async () => {
    hub.fault({ redirectLoop: true });
    const { status, headers } = await get(plain());
    assert.deepEqual([status, headers["location"]], [302, plain()]);
  });

  it("etag: names another version of a file", async () => {
    hub.fault({ etag: '"other"' });
    assert.equal((await get(plain())).headers["etag"], '"other"');
    assert.equal((await get(cdn)).headers["etag"], '"other"');
    const large = await get(`${hub.url}/acme/tiny/resolve/main/model.safetensors`);
    assert.equal(large.headers["x-linked-etag"], '"other"');
  });

  it("bytesPerSecond: sends no faster", async () => {
    const warnings: Error[] = [];
    const note = (warning: Error): number => warnings.push(warning);
    process.on("warning", note);
    hub.fault({ bytesPerSecond: 5_000_000 });
    const began = performance.now();
    const { body } = await get(cdn);
    const seconds = (performance.now() - began) / 1000;
    assert.ok(body.equals(weights));
    process.off("warning", note);
    assert.ok(seconds > 0.58 && seconds < 4, `${seconds} s for 3 MB at 5 MB/s`);
    // Waiting again and again for one client must not pile up listeners.
    assert.deepEqual(warnings, []);
  });

  for (const bytes of [0, 1_500_000]) {
    it(`cutAfterBytes: closes the connection after ${bytes} bytes`, async () => {
      hub.fault({ cutAfterBytes: bytes });
      const { headers, body, complete } = await get(cdn);
      assert.equal(headers["content-length"], String(size));
      assert.equal(complete, false);
      assert.ok(body.equals(weights.subarray(0, bytes)));
    });

    it(`stallAfterBytes: sends nothing after ${bytes} bytes`, async () => {
      hub.fault({ stallAfterBytes: bytes });
      const { status, body, complete } = await get(cdn, { milliseconds: 300 });
      assert.equal(status, 200);
      assert.equal(complete, false);
      assert.ok(body.equals(weights.subarray(0, bytes)));
    });
  }

  it("cutAfterBytes: spares, and does not count, answers that are no longer", async () => {
    hub.fault({ cutAfterBytes: 1000, times: 1 });
    assert.equal((await get(cdn, { range: "bytes=0-999" })).complete, true);
    assert.equal((await get(cdn)).complete, false);
    assert.equal((await get(cdn)).complete, true);
  });

  it("truncateToBytes: sends less, and says so", async () => {
    hub.fault({ truncateToBytes: 1000 });
    const { headers, body, complete } = await get(cdn);
    assert.equal(headers["content-length"], "1000");
    assert.equal(complete, true);
    assert.ok(body.equals(weights.subarray(0, 1000)));
  });

  it("extraBytes: sends more, and says so", async () => {
    hub.fault({ extraBytes: 1_500_000 });
    const { headers, body } = await get(cdn);
    assert.equal(headers["content-length"], "4500000");
    assert.ok(body.equals(Buffer.concat([weights, Buffer.alloc(1_500_000)])));
  });

  it("endless: does not stop", async () => {
    hub.fault({ endless: true });
    const { headers, body } = await get(cdn, { limit: 4 * size });
    assert.equal(headers["content-length"], undefined);
    assert.ok(body.length >= 4 * size);
  });

  it("flipBitAt: sends one bit wrong, wherever the part asked for begins", async () => {
    const offset = 2_000_000;
    hub.fault({ flipBitAt: offset });
    const wrong = Buffer.from(weights);
    wrong.writeUInt8(wrong.readUInt8(offset) ^ 1, offset);
    assert.ok((await get(cdn)).body.equals(wrong));
    const range = `bytes=${offset - 5}-${offset + 5}`;
    assert.ok((await get(cdn, { range })).body.equals(wrong.subarray(offset - 5, offset + 6)));
    const before = { range: `bytes=0-${offset - 1}` };
    assert.ok((await get(cdn, before)).body.equals(weights.subarray(0, offset)));
  });

  it("ignoreRange: sends the whole file", async () => {
    hub.fault({ ignoreRange: true });
    const { status, body } = await get(cdn, { range: "bytes=10-19" });
    assert.equal(status, 200);
    assert.equal(body.length, size);
  });

  it("gzip: compresses unasked", async () => {
    hub.fault({ gzip: true });
    const { headers, body } = await get(cdn);
    assert.equal(headers["content-encoding"], "gzip");
    assert.equal(headers["content-length"], undefined);
    assert.ok(gunzipSync(body).equals(weights));
  });

  it("listing: belies path, size and hash", async () => {
    const lines = async (): Promise<unknown> =>
      JSON.parse((await get(`${api()}/tree/main?recursive=true`)).body.toString());
    const [config, model] = (await lines()) as { oid: string; lfs?: object }[];
    hub.fault({ listing: { file: "model.safetensors", size: 5, hash: "ab" }, times: 1 });
    assert.deepEqual(await lines(), [
      config,
      { ...model, size: 5, lfs: { ...model?.lfs, size: 5, oid: "ab" } },
    ]);
    assert.deepEqual(await lines(), [config, model]);
    hub.fault({ listing: { file: "config.json", path: "../config.json", hash: "cd" } });
    assert.deepEqual(await lines(), [{ ...config, path: "../config.json", oid: "cd" }, model]);
  });

  it("leave the hub ready for the next client", async () => {
    hub.fault({ endless: true, times: 1 });
    await get(cdn, { limit: size });
    assert.ok((await get(cdn)).body.equals(weights));
  });
});

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type AddressInfo, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FileDownload } from "../../loader/fileDownload";
import { HttpClient } from "../../loader/http";
import { HuggingFace } from "../../loader/huggingFace";
import type { ModelSource, SourceFile } from "../../loader/source";
import { parseSource } from "../../plan/sources";

/** Answers that no HTTP library writes, so that they are written here byte by byte. */
describe("an answer that is broken", () => {
  const content = Buffer.from("weights");
  const file: SourceFile = {
    path: "model.safetensors",
    size: content.length,
    digest: { algorithm: "sha256", hex: createHash("sha256").update(content).digest("hex") },
  };
  const good = answer("200 OK", "Content-Length: 7", "weights");
  let answerTo: (request: string) => string;
  let asked: number;
  let server: Server;
  let source: ModelSource;
  let directory: string;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "modelstore-broken-"));
    server = createServer((socket) => {
      // The other side breaks connections off, which is what is tested.
      socket.on("error", () => undefined);
      socket.on("data", (request) => {
        asked++;
        socket.end(answerTo(String(request)));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });

  beforeEach(() => {
    asked = 0;
    const { port } = server.address() as AddressInfo;
    const endpoint = `http://127.0.0.1:${port}`;
    source = new HuggingFace(
      parseSource("hf://acme/tiny"),
      endpoint,
      new HttpClient(undefined),
      false,
    );
  });

  afterEach(() => {
    source.close();
  });

  after(async () => {
    await new Promise((resolve) => server.close(resolve));
    await rm(directory, { recursive: true });
  });

  /** Fetches the file in parts of so many bytes. */
  async function fetch(partBytes: number): Promise<void> {
    const target = join(directory, randomBytes(4).toString("hex"));
    const { signal } = new AbortController();
    const context = { source, revision: "main", signal, partBytes, onBytes: () => undefined };
    const download = new FileDownload(file, target, context);
    while (download.hasWork) await download.work();
    assert.equal(await readFile(target, "utf8"), "weights");
  }

  it("is asked for again when it breaks in the packet that it begins with", async () => {
    const broken = answer("200 OK", "Transfer-Encoding: chunked", "no length\r\n");
    answerTo = () => (asked === 1 ? broken : good);

    await fetch(100);

    assert.equal(asked, 2);
  });

  it("ends the download when it claims, over and over, a range without a byte in it", async () => {
    const start = answer("206 Partial Content", "Content-Range: bytes 0-3/7", "weig");
    const empty = answer("206 Partial Content", "Content-Range: bytes 4-3/7", "");
    answerTo = (request) => (/^range: bytes=0-/im.test(request) ? start : empty);

    await assert.rejects(fetch(4), {
      exitCode: 65,
      message:
        "model.safetensors is not what the source states, twice: expected bytes 4-6, and the answer is bytes 4-3/7; the source is damaged, or something on the way changes it",
    });
  });
});

function answer(status: string, header: string, body: string): string {
  return `HTTP/1.1 ${status}\r\n${header}\r\nConnection: close\r\n\r\n${body}`;
}

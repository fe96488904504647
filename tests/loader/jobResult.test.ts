import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import type { IncomingHttpHeaders } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { ownApiServer, recordResult } from "../../loader/jobResult";

const result = {
  revision: "0".repeat(40),
  files: 2,
  bytes: 10,
  seconds: 1.5,
  bytesPerSecond: 7,
  downloadedBytes: 10,
};
const job = { namespace: "models", name: "tiny-populate" };

describe("a Job's result", function () {
  this.timeout(20_000);
  let credentials: string;
  let server: Server;
  let status = 200;
  const seen: { line: string; headers: IncomingHttpHeaders; body: string }[] = [];

  before(async function () {
    credentials = await mkdtemp(join(tmpdir(), "modelstore-credentials-"));
    const key = join(credentials, "key.pem");
    const certificate = join(credentials, "ca.crt");
    execFileSync(
      "openssl",
      ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"].concat(
        ["-keyout", key, "-out", certificate, "-days", "1", "-subj", "/CN=kubernetes"],
        ["-addext", "subjectAltName=IP:127.0.0.1"],
      ),
      { stdio: "ignore" },
    );
    await writeFile(join(credentials, "token"), "service-account-token\n");
    server = createServer({ key: await readFile(key), cert: await readFile(certificate) });
    server.on("request", (request, response) => {
      let body = "";
      request.setEncoding("utf8").on("data", (text: string) => (body += text));
      request.on("end", () => {
        seen.push({ line: `${request.method} ${request.url}`, headers: request.headers, body });
        response.writeHead(status).end("{}");
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });

  after(async () => {
    await new Promise((resolve) => server.close(resolve));
    await rm(credentials, { recursive: true });
  });

  const api = () => ({
    host: "127.0.0.1",
    port: String((server.address() as AddressInfo).port),
    credentials,
  });

  it("is patched into its annotation, and nothing else", async () => {
    await recordResult(result, job, api());
    const [{ line, headers, body } = assert.fail("no request")] = seen;
    assert.equal(line, "PATCH /apis/batch/v1/namespaces/models/jobs/tiny-populate");
    assert.equal(headers.authorization, "Bearer service-account-token");
    assert.equal(headers["content-type"], "application/merge-patch+json");
    assert.deepEqual(JSON.parse(body), {
      metadata: { annotations: { "modelstore/result": JSON.stringify(result) } },
    });
  });

  it("is tried again when the API server has a bad moment", async () => {
    status = 503;
    const before = seen.length;
    const recorded = recordResult(result, job, api());
    while (seen.length < before + 2) await setTimeout(50);
    status = 200;
    await recorded;
    assert.equal(seen.length, before + 3);
  });

  it("fails where the API server refuses, or is not the one to trust", async () => {
    status = 403;
    await assert.rejects(recordResult(result, job, api()), /the API server answers 403/);
    status = 200;
    const stranger = await mkdtemp(join(tmpdir(), "modelstore-credentials-"));
    await copyFile(join(credentials, "token"), join(stranger, "token"));
    await writeFile(join(stranger, "ca.crt"), "");
    const before = seen.length;
    await assert.rejects(
      recordResult(result, job, { ...api(), credentials: stranger }),
      /self-signed certificate/,
    );
    assert.equal(seen.length, before);
    await rm(stranger, { recursive: true });
  });

  it("has an API server only in a cluster", () => {
    assert.equal(ownApiServer({}), undefined);
    assert.deepEqual(
      ownApiServer({ KUBERNETES_SERVICE_HOST: "10.96.0.1", KUBERNETES_SERVICE_PORT: "443" }),
      {
        host: "10.96.0.1",
        port: "443",
        credentials: "/var/run/secrets/kubernetes.io/serviceaccount",
      },
    );
  });
});

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Repositories } from "../../local/hub/repositories";
import { checkout } from "../../local/paths";

const config = '{"model_type":"llama"}\n';

async function json<T>(response: Response): Promise<T> {
  return (await response.json()) as T;
}

describe("the local hub as a process", () => {
  let root: string;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "modelstore-hub-"));
  });

  afterEach(async () => {
    await rm(root, { recursive: true });
  });

  function start(...args: string[]): ReturnType<typeof spawn> {
    const main = join(checkout, "local/hub/main.ts");
    return spawn(process.execPath, ["--import", "tsx", main, ...args], { cwd: checkout });
  }

  async function firstLine(stream: NodeJS.ReadableStream | null): Promise<string> {
    let text = "";
    for await (const chunk of stream ?? []) {
      text += String(chunk);
      if (text.includes("\n")) break;
    }
    return text.split("\n")[0] ?? "";
  }

  it("serves a folder, takes faults over HTTP, and stops when told to", async () => {
    await new Repositories(root).commit("acme/tiny", "main", { "config.json": config });
    const hub = start("--root", root, "--listen", "127.0.0.1:0", "--cdn-listen", "127.0.0.1:0");
    const url = /at (http:\S+),/.exec(await firstLine(hub.stdout))?.[1] ?? "";
    const file = `${url}/acme/tiny/resolve/main/config.json`;
    const post = (path: string, body = ""): Promise<Response> =>
      fetch(url + path, { method: "POST", body });
    assert.equal(await (await fetch(file)).text(), config);

    await post("/_fault", '{ "status": 503, "times": 1 }');
    assert.equal((await fetch(file)).status, 503);
    assert.equal((await fetch(file)).status, 200);
    const wrong = await post("/_fault", '{ "statsu": 503 }');
    assert.equal(wrong.status, 400);
    assert.match((await json<{ error: string }>(wrong)).error, /^fault has no field "statsu"; /);

    const requests = await json<{ status: number }[]>(await fetch(`${url}/_requests`));
    assert.deepEqual(
      requests.map(({ status }) => status),
      [200, 503, 200],
    );
    await post("/_fault", '{ "status": 503 }');
    await post("/_reset");
    assert.equal((await fetch(file)).status, 200);

    hub.kill("SIGTERM");
    assert.deepEqual(await once(hub, "exit"), [0, null]);
  });

  it("says what is wrong with its command line", async () => {
    const hub = start("--root", root, "--listen", "8000");
    const exit = once(hub, "exit");
    assert.equal(await firstLine(hub.stderr), 'hub: --listen is "8000", expected HOST:PORT');
    assert.deepEqual(await exit, [64, null]);
  });
});

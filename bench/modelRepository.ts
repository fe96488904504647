import { spawn, type ChildProcess } from "node:child_process";
import { createCipheriv } from "node:crypto";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { checkout } from "../local/paths";
import { Repositories, type FileContent } from "../local/hub/repositories";

/** A model repository to fetch from: the same bytes on every machine, at a hub of our own. */
export interface ModelRepository {
  /** The hub's address, what clients take as their endpoint. */
  readonly endpoint: string;
  readonly id: string;
  /** The commit that `main` stands for. */
  readonly commit: string;
  readonly files: readonly { readonly path: string; readonly size: number }[];
  /** All files together. */
  readonly bytes: number;
  /** Stops the hub. */
  close(): Promise<void>;
}

const id = "bench/model";

/**
 * Makes a repository of equally large weight files and serves it by the local hub, in a process of its own: clients
 * are measured here, and a hub within this process would wait for us and we for it.
 *
 * @param directory - an existing directory; the repository stays in it
 */
export async function serveModelRepository(
  directory: string,
  bytes: number,
  fileCount: number,
): Promise<ModelRepository> {
  const root = join(directory, "hub");
  const { commit, files } = await makeRepository(directory, root, bytes, fileCount);
  const hub = spawn(
    process.execPath,
    [
      ...["--import", "tsx", join(checkout, "local", "hub", "main.ts")],
      ...["--root", root, "--listen", "127.0.0.1:0", "--cdn-listen", "127.0.0.1:0"],
    ],
    { cwd: checkout, stdio: ["ignore", "pipe", "inherit"] },
  );
  const kill = (): void => {
    hub.kill("SIGTERM");
  };
  process.once("exit", kill);
  return {
    endpoint: await endpointOf(hub),
    id,
    commit,
    files,
    bytes: files.reduce((sum, { size }) => sum + size, 0),
    close: async () => {
      process.off("exit", kill);
      if (hub.exitCode !== null || hub.signalCode !== null) return;
      kill();
      await once(hub, "exit");
    },
  };
}

async function makeRepository(
  directory: string,
  root: string,
  bytes: number,
  fileCount: number,
): Promise<Pick<ModelRepository, "commit" | "files">> {
  const weights = join(directory, "weights");
  await mkdir(weights);
  const contents: Record<string, FileContent> = {};
  const files = [];
  const size = Math.ceil(bytes / fileCount);
  for (let number = 1; number <= fileCount; number++) {
    const path = `model-${String(number).padStart(5, "0")}-of-${String(fileCount).padStart(5, "0")}.safetensors`;
    await pipeline(Readable.from(noise(number, size)), createWriteStream(join(weights, path)));
    contents[path] = { copyOf: join(weights, path) };
    files.push({ path, size });
  }
  const commit = await new Repositories(root).commit(id, "main", contents);
  await rm(weights, { recursive: true });
  return { commit, files };
}

/** The same bytes for the same seed, which no disk and no line can compress: a cipher's stream. */
function* noise(seed: number, size: number): Generator<Buffer> {
  const key = Buffer.alloc(16, seed);
  const cipher = createCipheriv("aes-128-ctr", key, Buffer.alloc(16));
  const zeros = Buffer.alloc(1 << 20);
  for (let left = size; left > 0; left -= zeros.length) {
    yield cipher.update(left < zeros.length ? zeros.subarray(0, left) : zeros);
  }
}

/** The hub says where it serves in its first line. */
async function endpointOf(hub: ChildProcess): Promise<string> {
  let said = "";
  for await (const text of hub.stdout?.setEncoding("utf8") ?? []) {
    said += String(text);
    if (said.includes("\n")) break;
  }
  const endpoint = /at (http:\S+?),/.exec(said)?.[1];
  if (endpoint === undefined) {
    throw new Error(`the local hub did not start${said === "" ? "" : `; it said: ${said.trim()}`}`);
  }
  return endpoint;
}

import { spawn, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundleLoader } from "../../loader/bundle";
import {
  manifestName,
  type Manifest,
  type PopulationResult,
  type PopulationSpec,
} from "../../plan/population";

/** How a loader ended. */
export interface LoaderRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** What it left in the termination log. */
  readonly termination: string;
  readonly seconds: number;
}

/** A loader at work. */
export interface RunningLoader {
  readonly process: ChildProcess;
  readonly ended: Promise<LoaderRun>;
}

/** A volume and what else a loader's container has, in a temporary directory. */
export class Sandbox {
  private runs = 0;

  private constructor(private readonly directory: string) {}

  static async make(): Promise<Sandbox> {
    const sandbox = new Sandbox(await mkdtemp(join(tmpdir(), "modelstore-loader-")));
    await mkdir(sandbox.volume);
    await writeFile(join(sandbox.directory, "loader.js"), bundleLoader().code);
    // For loaders that run as somebody else.
    await chmod(sandbox.directory, 0o755);
    return sandbox;
  }

  get volume(): string {
    return join(this.directory, "volume");
  }

  /** A specification with what a test does not care about; the model appears at `model`. */
  spec(given: Partial<PopulationSpec> & { readonly endpoint: string }): PopulationSpec {
    return { schema: 1, source: "hf://acme/tiny", volume: this.volume, path: "model", ...given };
  }

  /** Writes a token file. */
  async token(token: string): Promise<string> {
    const path = join(this.directory, "token");
    await writeFile(path, `${token}\n`);
    return path;
  }

  /** Starts the bundled loader as the Job does. @param user - the uid and gid to run as, for root */
  async start(spec: unknown, user?: number): Promise<RunningLoader> {
    const run = join(this.directory, `run-${++this.runs}`);
    await mkdir(run);
    const log = join(run, "termination-log");
    const specification = join(run, "population.json");
    await writeFile(log, "", { mode: 0o666 });
    await chmod(log, 0o666);
    await writeFile(specification, typeof spec === "string" ? spec : JSON.stringify(spec));
    const from = Date.now();
    const child = spawn(
      process.execPath,
      [join(this.directory, "loader.js"), "populate", specification],
      {
        stdio: ["ignore", "pipe", "pipe"],
        env: { PATH: process.env["PATH"], MODELSTORE_TERMINATION_LOG: log },
        ...(user !== undefined && { uid: user, gid: user }),
      },
    );
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    const ended = new Promise<LoaderRun>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code) => {
        const seconds = (Date.now() - from) / 1000;
        readFile(log, "utf8").then((termination) => {
          resolve({ code, stdout, stderr, termination, seconds });
        }, reject);
      });
    });
    return { process: child, ended };
  }

  /** Runs the bundled loader to its end. */
  async run(spec: unknown, user?: number): Promise<LoaderRun> {
    return (await this.start(spec, user)).ended;
  }

  /** Runs it, and returns its result. @throws Error with its output where it fails */
  async result(spec: PopulationSpec): Promise<PopulationResult> {
    const run = await this.run(spec);
    if (run.code !== 0) throw new Error(`the loader ended with ${run.code}: ${run.stderr}`);
    return resultOf(run);
  }

  /** What servers see at the model's path. */
  manifest(path = "model"): Promise<Manifest> {
    return readManifest(join(this.volume, path));
  }

  /** The names at the top of the volume, but for the loader's own directory. */
  async visible(): Promise<string[]> {
    return (await readdir(this.volume)).filter((name) => name !== ".modelstore");
  }

  /** What loaders have in work, or have left behind. */
  async staged(): Promise<string[]> {
    return readdirIfThere(join(this.volume, ".modelstore", "staging"));
  }

  /** The revisions of acme/tiny on the volume. */
  async revisions(): Promise<string[]> {
    return readdirIfThere(join(this.volume, ".modelstore", "revisions", "acme", "tiny"));
  }

  async remove(): Promise<void> {
    await rm(this.directory, { recursive: true });
  }
}

/** The last line of a loader's standard output. */
export function resultOf({ stdout }: LoaderRun): PopulationResult {
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as PopulationResult;
}

export async function readManifest(directory: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(directory, manifestName), "utf8")) as Manifest;
}

/** Names every file of a model that is not what its manifest states. */
export async function damaged(directory: string): Promise<string[]> {
  const wrong: string[] = [];
  for (const { path, size, sha256 } of (await readManifest(directory)).files) {
    const bytes = await readFile(join(directory, path));
    const actual = createHash("sha256").update(bytes).digest("hex");
    if (bytes.length !== size || actual !== sha256) wrong.push(path);
  }
  return wrong;
}

/** Waits until something is so. */
export async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
}

async function readdirIfThere(path: string): Promise<string[]> {
  try {
    return (await readdir(path)).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

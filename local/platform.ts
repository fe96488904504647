import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { clusterStatus, purgeCluster, startCluster, stopCluster } from "./cluster/cluster";
import { ensureEngine } from "./engine";
import { ensureModel } from "./hub/model";
import { ensureImages, type Images } from "./images/images";
import { checkout, contextsFolder, stateDirectory } from "./paths";
import { type Progress } from "./progress";
import { overlayStackFile } from "./stackFile";
import { ensureDebianPackages, type DebianPackages } from "./toolchain/debian";
import { ensureToolchain, type Toolchain } from "./toolchain/toolchain";
import { writeWorkspace, type Workspace } from "./workspace";

/** What the embedded platform is made of, built once and kept in the cache. */
export interface PlatformParts {
  readonly toolchain: Toolchain;
  readonly packages: DebianPackages;
  readonly images: Images;
  /** The hub's repositories, as they are before anybody commits to them. */
  readonly repositories: string;
}

/** Builds or finds all parts of the embedded platform; independent ones side by side. */
export async function preparePlatform(progress: Progress): Promise<PlatformParts> {
  const [toolchain, packages, [images, repositories]] = await Promise.all([
    ensureToolchain(progress),
    ensureDebianPackages(progress),
    ensureImages(progress).then(async (made) => [made, await ensureModel(progress)] as const),
  ]);
  return { toolchain, packages, images, repositories };
}

/**
 * Starts the embedded platform, or finds it running: cluster, hub, engine, and the workspace of the dev stack.
 *
 * @param stackFile - path of the stack's configuration, over which the platform's own values are laid
 */
export async function startPlatform(stackFile: string, progress: Progress): Promise<Workspace> {
  const state = stateDirectory();
  const { toolchain, packages, images, repositories } = await preparePlatform(progress);

  // The hub serves a copy, so that whoever commits to it, or damages it, does so in this platform alone.
  const hub = join(state, "hub");
  if (!existsSync(hub)) cpSync(repositories, hub, { recursive: true });

  await startCluster(
    { state, toolchain, packages, images: images.node, hub: hubCommand(hub), kwok: false },
    progress,
  );
  const engine = await ensureEngine(state, progress);
  const overlay = readFileSync(join(checkout, "local", "embedded.yaml"), "utf8");
  return writeWorkspace({
    directory: state,
    configuration: (previous) =>
      overlayStackFile(readFileSync(stackFile, "utf8"), overlay, previous),
    kubeconfig: clusterStatus(state).kubeconfig,
    path: engine.path,
  });
}

function hubCommand(root: string): readonly string[] {
  const main = join(checkout, "local", "hub", "main.ts");
  return [
    ...[process.execPath, "--import", "tsx", main, "--root", root],
    ...["--listen", "0.0.0.0:8000", "--cdn-listen", "0.0.0.0:8001"],
  ];
}

/** Whether the embedded platform's cluster is up. */
export function platformRuns(): boolean {
  return clusterStatus(stateDirectory()).phase === "running";
}

/**
 * Stops the embedded platform, if it runs, and removes what a killed run left of it.
 *
 * @param purge - remove its state, too: the cluster's, the volumes', the stack's
 */
export async function stopPlatform(progress: Progress, purge: boolean): Promise<void> {
  const state = stateDirectory();
  await progress.step("stop the cluster", () => (purge ? purgeCluster(state) : stopCluster(state)));
  if (purge) removeState(state);
}

/** Removes a state folder, but not the workspaces of existing clusters, which are no part of the platform. */
function removeState(state: string): void {
  const contexts = join(state, contextsFolder);
  if (!existsSync(contexts) || readdirSync(contexts).length === 0) {
    rmSync(state, { recursive: true, force: true });
    return;
  }
  const others = readdirSync(state).filter((entry) => entry !== contextsFolder);
  for (const entry of others) rmSync(join(state, entry), { recursive: true, force: true });
}

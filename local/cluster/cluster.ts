import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { cacheDirectory, checkout } from "../paths";
import type { Progress } from "../progress";
import { killProcesses, makeCgroups, removeCgroups } from "./cgroups";
import { writeConfiguration } from "./configuration";
import { writeKubeconfig } from "./kubeconfig";
import { layoutOf, type Layout } from "./layout";
import { alone } from "../alone";
import { freeLoopDevices } from "./loopDevices";
import { checkMachine } from "./machine";
import { handOver, linkOf, makeLink, removeLink } from "./network";
import { firstProcess, launch, nodeProcessIds } from "./nodeProcess";
import { clients, makePki } from "./pki";
import { eventually } from "./processes";
import { logFile } from "./runningService";
import { apiPort, kubeconfigOf } from "./services";
import {
  binaries,
  readSettings,
  writeSettings,
  type Binary,
  type NodeImages,
  type Settings,
} from "./settings";
import { formatParts, readStatus, type PartStatus } from "./status";

/** What an embedded cluster is started with. */
export interface ClusterArgs {
  /** The state folder; everything of the cluster is kept in it and named after it. */
  readonly state: string;
  /** Where the programs are. */
  readonly toolchain: {
    readonly bin: (name: Binary) => string;
    /** Folder of the manifests that the CSI sidecars' modules ship. */
    readonly manifests: string;
  };
  /** The unpacked Debian packages. */
  readonly packages: { readonly root: string };
  readonly images: NodeImages;
  /**
   * Command line of the model hub, which listens on port 8000 of the node.
   *
   * @defaultValue - no hub
   */
  readonly hub?: readonly string[];
  /**
   * Whether simulated nodes (annotation `kwok.x-k8s.io/node: fake`) are looked after.
   *
   * @defaultValue `false`; a cluster that already does so goes on
   */
  readonly kwok?: boolean;
}

/** How an embedded cluster is doing. */
export interface ClusterStatus {
  readonly phase: "stopped" | "starting" | "running" | "stopping";
  /** The services and tasks, in the order in which people read about them; empty when stopped. */
  readonly parts: readonly PartStatus[];
  /** Path of the administrator's kubeconfig. */
  readonly kubeconfig: string;
  /** The node's address as the machine sees it; undefined when stopped. */
  readonly address?: string;
}

/** How long a start may take, in seconds, on a machine that is busy with other things. */
const patience = 120;

/**
 * Starts the embedded cluster, or finds it running; returns when its node is ready for pods with volumes and GPUs.
 * What a killed run left behind is cleaned up first; etcd's and the volumes' data are found again.
 *
 * A running cluster that was started with other programs or images is stopped and started again.
 *
 * @throws Error that says what the machine lacks, or which service does not come up and what its log says
 */
export async function startCluster(args: ClusterArgs, progress: Progress): Promise<void> {
  checkMachine();
  const layout = layoutOf(args.state);
  await alone(`cluster-${layout.id}`, async () => {
    const previous = existsSync(layout.settings) ? readSettings(layout.settings) : undefined;
    const wanted = settingsFrom(args, layout, previous);
    if (firstProcess(layout.id) !== undefined) {
      if (previous && isSame(previous, wanted)) {
        await addKwok(layout, previous, wanted);
        await untilRunning(layout);
        return;
      }
      await progress.step("stop the cluster, which was started otherwise", () => end(layout));
    }
    await progress.step("start the cluster", async () => {
      await cleanUp(layout);
      await begin(layout, wanted);
      await untilRunning(layout);
    });
  });
}

function settingsFrom(args: ClusterArgs, layout: Layout, previous: Settings | undefined): Settings {
  const paths = binaries.map((name) => [name, args.toolchain.bin(name)] as const);
  const { archives, vllm } = args.images;
  const files = [
    ...paths.map(([, path]) => path),
    ...archives.map(({ archive }) => archive),
    ...[args.packages.root, args.toolchain.manifests, ...(vllm === undefined ? [] : [vllm])],
  ];
  const missing = files.filter((file) => !existsSync(file));
  if (missing.length > 0) {
    throw new Error(
      `the embedded cluster needs ${missing.join(" and ")}, which a build should have left in the cache; ` +
        "build again: npm run up",
    );
  }
  return {
    state: args.state,
    kept: [checkout, cacheDirectory()],
    link: linkOf(layout.id, previous?.link.number ?? parseInt(layout.id.slice(0, 2), 16)),
    binaries: Object.fromEntries(paths) as Settings["binaries"],
    packages: args.packages.root,
    manifests: args.toolchain.manifests,
    images: args.images,
    ...(args.hub ? { hub: args.hub } : {}),
    kwok: args.kwok ?? false,
  };
}

/** Whether two clusters differ in nothing that needs a new start. */
function isSame(one: Settings, other: Settings): boolean {
  const comparable = (settings: Settings): string =>
    JSON.stringify({ ...settings, kwok: undefined, link: undefined });
  return comparable(one) === comparable(other);
}

/** Has a running cluster look after simulated nodes too. */
async function addKwok(layout: Layout, previous: Settings, wanted: Settings): Promise<void> {
  if (!wanted.kwok || previous.kwok) return;
  writeSettings(layout.settings, { ...previous, kwok: true });
  const pid = firstProcess(layout.id);
  if (pid !== undefined) process.kill(pid, "SIGHUP");
  const isAdded = (): boolean =>
    readStatus(layout.status)?.parts.some(({ name }) => name === "kwok") ?? false;
  if (!(await eventually(isAdded, { seconds: 20 }))) {
    throw new Error(`the cluster's supervisor did not add kwok; ${whereToLook(layout)}`);
  }
}

/** Makes the node and has its supervisor start. */
async function begin(layout: Layout, wanted: Settings): Promise<void> {
  for (const folder of [layout.log, layout.configuration]) mkdirSync(folder, { recursive: true });
  rmSync(layout.status, { force: true });
  const link = await makeLink(layout.id, wanted.link.number);
  const settings: Settings = { ...wanted, link };
  writeSettings(layout.settings, settings);

  const pki = await makePki(layout.pki, link.nodeAddress);
  for (const client of clients) {
    writeKubeconfig(
      kubeconfigOf(layout, client),
      `https://127.0.0.1:${apiPort}`,
      pki,
      pki.client(client),
    );
  }
  writeKubeconfig(
    layout.kubeconfig,
    `https://${link.nodeAddress}:${apiPort}`,
    pki,
    pki.client("administrator"),
  );
  writeConfiguration({
    layout,
    pki,
    nodeAddress: link.nodeAddress,
    pauseImage: settings.images.pause,
    kubeconfig: (component) => kubeconfigOf(layout, component),
  });

  launch(layout, settings.packages, makeCgroups(layout.id));
  if (!(await eventually(() => firstProcess(layout.id) !== undefined, { seconds: 10 }))) {
    throw new Error(`the node's namespaces could not be made; ${whereToLook(layout)}`);
  }
  await handOver(link, firstProcess(layout.id) ?? 0);
}

/** Waits until all parts are ready. */
async function untilRunning(layout: Layout): Promise<void> {
  const isUp = (): boolean => {
    if (firstProcess(layout.id) === undefined) {
      throw new Error(`the cluster's supervisor ended; ${whereToLook(layout)}`);
    }
    const status = readStatus(layout.status);
    return status?.phase === "running" && status.parts.every(({ state }) => state === "ready");
  };
  if (await eventually(isUp, { seconds: patience })) return;
  const late = (readStatus(layout.status)?.parts ?? []).filter(({ state }) => state !== "ready");
  const first =
    late.find(({ state }) => state === "restarting") ??
    late.find(({ state }) => state !== "waiting");
  throw new Error(
    [
      `the cluster is not ready after ${patience} s; these parts are not:`,
      formatParts(late),
      ...(first
        ? [`the end of ${first.name}'s log:`, clusterLogs(layout.state, first.name, 20)]
        : []),
    ].join("\n"),
  );
}

function whereToLook(layout: Layout): string {
  const file = logFile(layout.log, "supervisor");
  const text = existsSync(file) ? lastLines(readFileSync(file, "utf8"), 5) : "";
  return `the end of ${file}:\n${text}`;
}

/**
 * Stops the embedded cluster, if it runs: asks it to end in order, then makes it. No process, mount, control group,
 * loop device or network interface of it stays; the data of etcd and of the volumes do.
 */
export async function stopCluster(state: string): Promise<void> {
  const layout = layoutOf(state);
  await alone(`cluster-${layout.id}`, () => end(layout));
}

async function end(layout: Layout): Promise<void> {
  const first = firstProcess(layout.id);
  if (first !== undefined) {
    process.kill(first, "SIGTERM");
    await eventually(() => firstProcess(layout.id) === undefined, { seconds: 45 });
  }
  await cleanUp(layout);
}

/** Removes whatever of a node is left on the machine. */
async function cleanUp(layout: Layout): Promise<void> {
  await killProcesses(layout.id);
  await removeCgroups(layout.id);
  await removeLink(layout.id);
  await freeLoopDevices(layout.volumes);
  rmSync(layout.status, { force: true });
}

/** Stops the cluster and removes all its data: what etcd knew, what the volumes held, its images and its logs. */
export async function purgeCluster(state: string): Promise<void> {
  const layout = layoutOf(state);
  await alone(`cluster-${layout.id}`, async () => {
    await end(layout);
    for (const path of [layout.cluster, layout.volumes, layout.kubeconfig]) {
      rmSync(path, { recursive: true, force: true });
    }
  });
}

/** Tells how the cluster of a state folder is doing; see {@link formatParts} for a table. */
export function clusterStatus(state: string): ClusterStatus {
  const { id, kubeconfig, settings, status } = layoutOf(state);
  const pids = nodeProcessIds(id);
  if (!pids.has(1)) return { phase: "stopped", parts: [], kubeconfig };
  const { phase, parts } = readStatus(status) ?? { phase: "starting", parts: [] };
  return {
    phase,
    parts: parts.map((part) => ({
      ...part,
      pid: part.pid === undefined ? undefined : pids.get(part.pid),
    })),
    kubeconfig,
    address: existsSync(settings) ? readSettings(settings).link.nodeAddress : undefined,
  };
}

/**
 * The end of a service's log.
 *
 * @param lines - how many lines
 * @throws Error that lists the logs there are, when there is none of that name
 */
export function clusterLogs(state: string, name: string, lines = 100): string {
  const { log } = layoutOf(state);
  const names = existsSync(log)
    ? readdirSync(log)
        .filter((file) => file.endsWith(".log"))
        .map((file) => basename(file, ".log"))
    : [];
  if (!names.includes(name)) {
    throw new Error(
      `got ${JSON.stringify(name)}, which has no log in ${log}; logs: ${names.join(", ") || "none"}`,
    );
  }
  return lastLines(readFileSync(join(log, `${name}.log`), "utf8"), lines);
}

function lastLines(text: string, count: number): string {
  return text.trimEnd().split("\n").slice(-count).join("\n");
}

/**
 * The first program of the embedded node, below the reaper that is its process 1: sets up the node from within its
 * namespaces, brings up its services and keeps them up, and takes them down in order when it is asked to end.
 *
 *     supervisor.ts STATE
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { ApiClient } from "./apiClient";
import { hierarchies } from "./cgroups";
import { configurationIn } from "./configuration";
import { endContainers, releaseVolumes } from "./ending";
import { giveGpus, keepGpus, missingFromNode } from "./gpus";
import { importImages } from "./images";
import { layoutOf, nodeName, serviceRange } from "./layout";
import { makeFileSystem } from "./mounts";
import { setUpNodeSide } from "./network";
import { applyObjects } from "./objects";
import type { Part } from "./part";
import { pkiIn } from "./pki";
import { eventually } from "./processes";
import { RunningService } from "./runningService";
import { RunningTask, type Task } from "./runningTask";
import { writeRuntimeSpecification } from "./runtimeSpecification";
import { apiPort, servicesOf } from "./services";
import { readSettings } from "./settings";
import { writeStatus, type NodeStatus } from "./status";

const [, , state = ""] = process.argv;
const layout = layoutOf(state);
const settings = readSettings(layout.settings);
const pki = pkiIn(layout.pki);
const api = new ApiClient(`https://127.0.0.1:${apiPort}`, pki, pki.client("supervisor"));

let phase: NodeStatus["phase"] = "starting";
const parts = new Map<string, Part>();

function isStopping(): boolean {
  return phase === "stopping";
}

function report(): void {
  writeStatus(layout.status, { phase, parts: [...parts.values()].map((part) => part.status) });
}

/** What the supervisor itself does, beside running the services. */
const tasks: readonly Task[] = [
  {
    name: "images",
    after: ["containerd"],
    run: () => importImages(settings.images.archives),
  },
  {
    name: "objects",
    after: ["kube-apiserver"],
    run: () => applyObjects(settings, api),
  },
  {
    name: "node",
    after: ["kubelet", "csi-driver"],
    run: async () => {
      let missing: string | undefined;
      const complete = await eventually(
        async () => {
          await giveGpus(api);
          missing = await missingFromNode(api);
          return missing === undefined || isStopping();
        },
        { seconds: 60, everyMilliseconds: 250 },
      );
      if (!complete) throw new Error(missing);
    },
  },
];

/** Adds the parts that are not there yet, and starts each as soon as those that it needs are ready. */
function bringUp(added: readonly Part[]): void {
  const fresh = added.filter(({ name }) => !parts.has(name));
  for (const part of fresh) parts.set(part.name, part);
  for (const part of fresh) {
    const needed = part.after.map((name) => {
      const other = parts.get(name);
      if (!other) throw new Error(`${part.name} needs ${name}, which the node does not have`);
      return other.firstReady;
    });
    void Promise.all(needed).then(() => {
      if (!isStopping()) part.start();
    });
  }
  report();
}

function services(): Part[] {
  return servicesOf(readSettings(layout.settings), layout).map(
    (service) => new RunningService(service, layout.log, api, report),
  );
}

async function setUp(): Promise<void> {
  writeFileSync("/proc/sys/kernel/hostname", nodeName);
  await makeFileSystem({
    layout,
    packages: settings.packages,
    kept: settings.kept,
    hierarchies: hierarchies(),
  });
  await setUpNodeSide(settings.link, serviceRange);
  writeFileSync("/proc/sys/net/ipv4/ip_forward", "1");
  mkdirSync(layout.volumes, { recursive: true });
  await writeRuntimeSpecification(
    configurationIn(layout.configuration).runtimeSpecification,
    settings.images.vllm,
  );
}

/** Takes the node down: first what acts on pods, then the pods, then what the pods used. */
async function takeDown(): Promise<void> {
  if (isStopping()) return;
  phase = "stopping";
  report();
  const stop = (names: readonly string[]): Promise<unknown> =>
    Promise.all(
      [...parts.values()].filter(({ name }) => names.includes(name)).map((part) => part.stop()),
    );
  const last = ["etcd", "kube-apiserver", "containerd", "csi-driver"];
  await stop([...parts.keys()].filter((name) => !last.includes(name)));
  if (parts.get("containerd")?.status.state === "ready") await endContainers();
  await stop(["containerd", "csi-driver"]);
  await releaseVolumes(layout);
  await stop(["kube-apiserver"]);
  await stop(["etcd"]);
  process.exit(0);
}

function end(): void {
  takeDown().catch((error: unknown) => {
    process.stderr.write(`the node was not taken down in order: ${String(error)}\n`);
    process.exit(1);
  });
}

async function main(): Promise<void> {
  process.on("SIGTERM", end);
  process.on("SIGINT", end);
  // Services that were asked for later.
  process.on("SIGHUP", () => {
    bringUp(services());
  });
  await setUp();
  bringUp([...services(), ...tasks.map((task) => new RunningTask(task, layout.log, report))]);
  void keepGpus(api, isStopping);
  await Promise.all([...parts.values()].map((part) => part.firstReady));
  if (isStopping()) return;
  phase = "running";
  report();
}

main().catch((error: unknown) => {
  process.stderr.write(`the node cannot start: ${String(error)}\n`);
  process.exit(1);
});

import type { Layout } from "./layout";
import { freeLoopDevices } from "./loopDevices";
import { mountsBelow } from "./mounts";
import { run } from "../runProgram";
import { eventually } from "./processes";

const ctr = (...args: string[]): Promise<string> => run("ctr", ["--namespace", "k8s.io", ...args]);

/** How long containers have to end by themselves, in seconds. */
const grace = 5;

/** Ends all containers: asks them to, and after a while makes them. */
export async function endContainers(): Promise<void> {
  await signalContainers("SIGTERM");
  if (await allEnd(grace)) return;
  await signalContainers("SIGKILL");
  await allEnd(grace);
}

function allEnd(seconds: number): Promise<boolean> {
  return eventually(async () => (await runningContainers()).length === 0, {
    seconds,
    everyMilliseconds: 250,
  });
}

async function runningContainers(): Promise<string[]> {
  const [, ...rows] = (await ctr("tasks", "list")).trim().split("\n");
  return rows
    .map((row) => row.split(/\s+/))
    .filter(([, , state]) => state === "RUNNING")
    .map(([id = ""]) => id);
}

async function signalContainers(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
  for (const id of await runningContainers()) {
    await ctr("tasks", "kill", "--signal", signal, id).catch(async (error: unknown) => {
      // It may have ended by itself in the meantime.
      if ((await runningContainers()).includes(id)) throw error;
    });
  }
}

/** Unmounts the pods' volumes and frees the loop devices below them; what they hold stays in its files. */
export async function releaseVolumes(layout: Layout): Promise<void> {
  for (const place of mountsBelow("/var/lib/kubelet")) await run("umount", [place]);
  await freeLoopDevices(layout.volumes);
}

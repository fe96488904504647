import { spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { checkout } from "../paths";
import { processesOf, type NodeCgroup } from "./cgroups";
import { logFile } from "./runningService";
import type { Layout } from "./layout";

/**
 * Starts the node's first process in namespaces and control groups of its own. It outlives this one; when it, or the
 * `unshare` above it, is killed, the kernel ends everything in the node.
 *
 * @param packages - root of the unpacked Debian packages
 */
export function launch(layout: Layout, packages: string, cgroups: readonly NodeCgroup[]): void {
  const enter = (cgroup: string): string => `echo $$ > ${quoted(join(cgroup, "cgroup.procs"))}`;
  const supervisor = [
    reaper(packages),
    "--",
    process.execPath,
    ...["--import", "tsx", join(__dirname, "supervisor.ts"), layout.state],
  ];
  const namespaces =
    "--mount --propagation private --pid --fork --kill-child --mount-proc --net --uts";
  // The namespace's root is the cgroup that its first process is in; that process then goes where it belongs.
  const inside = [
    ...cgroups.filter(({ root, own }) => root !== own).map(({ own }) => enter(own)),
    `exec unshare ${namespaces} -- ${supervisor.map(quoted).join(" ")}`,
  ];
  const script = [
    ...cgroups.map(({ root }) => enter(root)),
    `exec unshare --cgroup sh -ec ${quoted(inside.join("\n"))}`,
  ];
  const log = openSync(logFile(layout.log, "supervisor"), "a");
  spawn("sh", ["-ec", script.join("\n")], {
    cwd: checkout,
    detached: true,
    env: environment(),
    stdio: ["ignore", log, log],
  }).unref();
  closeSync(log);
}

/** The program that is process 1: among the unpacked packages, unless the machine has it. */
function reaper(packages: string): string {
  const unpacked = join(packages, "usr/bin/tini");
  return existsSync(unpacked) ? unpacked : "tini";
}

/** The services see nothing of the shell that they were started from, but for where its things are. */
function environment(): NodeJS.ProcessEnv {
  const { HOME, XDG_CACHE_HOME } = process.env;
  return {
    PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin",
    HOME,
    ...(XDG_CACHE_HOME === undefined ? {} : { XDG_CACHE_HOME }),
  };
}

function quoted(text: string): string {
  return `'${text.replace(/'/g, `'\\''`)}'`;
}

/** The id of the node's first process, as seen from the machine; undefined when the node does not run. */
export function firstProcess(id: string): number | undefined {
  return nodeProcessIds(id).get(1);
}

/**
 * The ids of the node's own processes, its containers' left out: those that they have within the node, and those that
 * they have on the machine.
 */
export function nodeProcessIds(id: string): Map<number, number> {
  const depth = namespaceIds("self").length + 1;
  const ids = new Map<number, number>();
  for (const pid of processesOf(id)) {
    const levels = namespaceIds(String(pid));
    const inside = levels[depth - 1];
    if (levels.length === depth && inside !== undefined) ids.set(inside, pid);
  }
  return ids;
}

/** A process' ids from the outermost pid namespace in view to its own; empty when it is gone. */
function namespaceIds(pid: string): number[] {
  let status: string;
  try {
    status = readFileSync(`/proc/${pid}/status`, "utf8");
  } catch (error) {
    if (["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) return [];
    throw error;
  }
  const [, ids = ""] = /^NSpid:\s*(.*)$/m.exec(status) ?? [];
  return ids.split(/\s+/).map(Number);
}

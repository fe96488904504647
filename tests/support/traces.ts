import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { stateId } from "../../local/paths";

/**
 * What an embedded platform has left on the machine: processes, mounts (of any namespace), loop devices, control groups and
 * network interfaces that belong to its state folder. Empty when it is gone.
 */
export function traces(state: string): string[] {
  const id = stateId(state);
  return [
    ...processes(state),
    ...mounts(state),
    ...lines("losetup", "--list", "--noheadings", "--output", "NAME,BACK-FILE")
      .filter((line) => line.includes(state))
      .map((line) => `loop device ${line}`),
    ...cgroups(id),
    ...lines("ip", "-brief", "link")
      .filter((line) => line.includes(id))
      .map((line) => `interface ${line}`),
  ];
}

function processes(state: string): string[] {
  return processIds()
    .filter((pid) => Number(pid) !== process.pid)
    .map((pid) => [pid, readGone(`/proc/${pid}/cmdline`).replaceAll("\0", " ")] as const)
    .filter(([, commandLine]) => commandLine.includes(state))
    .map(([pid, commandLine]) => `process ${pid}: ${commandLine}`);
}

function mounts(state: string): string[] {
  const found = new Set<string>();
  for (const pid of processIds()) {
    for (const line of readGone(`/proc/${pid}/mountinfo`).split("\n")) {
      if (line.includes(state)) found.add(`mount ${line}`);
    }
  }
  return [...found];
}

function cgroups(id: string): string[] {
  const root = "/sys/fs/cgroup";
  const hierarchies = [root, ...readdirSync(root).map((name) => join(root, name))];
  return hierarchies
    .map((hierarchy) => join(hierarchy, `modelstore-${id}`))
    .filter((path) => existsSync(path))
    .map((path) => `cgroup ${path}`);
}

function processIds(): string[] {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name));
}

/** Reads a file of a process that may end meanwhile. */
function readGone(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ESRCH" || code === "EINVAL") return "";
    throw error;
  }
}

function lines(command: string, ...args: string[]): string[] {
  return execFileSync(command, args, { encoding: "utf8" }).split("\n").filter(Boolean);
}

import { mkdirSync, readFileSync, realpathSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { mountName, type Hierarchy } from "./cgroups";
import type { Layout } from "./layout";
import { run } from "../runProgram";

/** What the node's file system is put together from. */
export interface MountArgs {
  readonly layout: Layout;
  /** Root of the unpacked Debian packages. */
  readonly packages: string;
  /** Folders that must stay as they are, whatever is mounted above them. */
  readonly kept: readonly string[];
  readonly hierarchies: readonly Hierarchy[];
}

/** Where originals are kept while something is mounted over them. */
const staging = "/mnt";

const mount = (...args: string[]): Promise<string> => run("mount", args);

/**
 * Turns the private mount namespace into the node's file system: the machine's, with the packages' files added to
 * `/usr`, with writes to `/run` and `/var` going nowhere but to memory, and with the node's own state at the places
 * where Kubernetes looks for it.
 */
export async function makeFileSystem({
  layout,
  packages,
  kept,
  hierarchies,
}: MountArgs): Promise<void> {
  // As on a machine of its own: pods that ask for mount propagation need shared mounts.
  await mount("--make-rshared", "/");

  const restore = await setAside([layout.state, ...kept]);
  await mount("-t", "tmpfs", "-o", "mode=0755", "tmpfs", "/run");
  await mount(
    "-t",
    "overlay",
    "-o",
    `lowerdir=/usr:${escaped(join(packages, "usr"))}`,
    "usr",
    "/usr",
  );
  await mountScratch("/var");
  await restore();

  await mountCgroups(hierarchies);
  await bind(layout.kubelet, "/var/lib/kubelet");
  await bind(layout.containerd, "/var/lib/containerd");
  await bind(join(layout.log, "pods"), "/var/log/pods");
}

/** Binds folders to a place where nothing covers them; what it returns binds them back. */
async function setAside(folders: readonly string[]): Promise<() => Promise<void>> {
  const covered = folders
    .map((folder) => realpathSync(folder))
    .filter((folder) => /^\/(run|usr|var)\//.test(folder));
  await mount("-t", "tmpfs", "tmpfs", staging);
  for (const [index, folder] of covered.entries()) {
    const place = join(staging, String(index));
    mkdirSync(place);
    await mount("--rbind", folder, place);
  }
  return async () => {
    for (const [index, folder] of covered.entries()) {
      mkdirSync(folder, { recursive: true });
      await mount("--rbind", join(staging, String(index)), folder);
    }
    await run("umount", ["-R", staging]);
  };
}

/** Lets the folder look as it does, but keeps what is written to it in memory. */
async function mountScratch(folder: string): Promise<void> {
  const scratch = join("/run/modelstore", folder);
  const upper = join(scratch, "upper");
  const work = join(scratch, "work");
  for (const path of [upper, work]) mkdirSync(path, { recursive: true });
  const options = `lowerdir=${folder},upperdir=${upper},workdir=${work}`;
  await mount("-t", "overlay", "-o", options, folder.slice(1), folder);
}

/** Shows the node's network interfaces and its own part of the control groups in `/sys`. */
async function mountCgroups(hierarchies: readonly Hierarchy[]): Promise<void> {
  await mount("-t", "sysfs", "sysfs", "/sys");
  const unified = hierarchies.find(({ version }) => version === 2);
  if (unified && hierarchies.length === 1) {
    await mount("-t", "cgroup2", "cgroup2", "/sys/fs/cgroup");
    return;
  }
  // Beside version 1, version 2 has no controllers: the node sees version 1 alone.
  await mount("-t", "tmpfs", "-o", "mode=0755", "tmpfs", "/sys/fs/cgroup");
  for (const hierarchy of hierarchies.filter(({ version }) => version === 1)) {
    const name = mountName(hierarchy);
    const place = join("/sys/fs/cgroup", name);
    mkdirSync(place);
    await mount("-t", "cgroup", "-o", hierarchy.controllers.join(","), "cgroup", place);
    for (const controller of hierarchy.controllers) {
      if (controller !== name && !controller.startsWith("name=")) {
        symlinkSync(name, join("/sys/fs/cgroup", controller));
      }
    }
  }
}

async function bind(folder: string, place: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  mkdirSync(place, { recursive: true });
  await mount("--bind", folder, place);
}

function escaped(path: string): string {
  return path.replace(/[\\:,]/g, "\\$&");
}

/** The places below a folder where something is mounted, innermost first. */
export function mountsBelow(
  folder: string,
  mountInfo: string = readFileSync("/proc/self/mountinfo", "utf8"),
): string[] {
  return mountInfo
    .trim()
    .split("\n")
    .map((line) => unescaped(line.split(" ")[4] ?? ""))
    .filter((place) => place.startsWith(`${folder}/`))
    .reverse();
}

/** The kernel writes blanks and backslashes in paths as octal numbers. */
function unescaped(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(parseInt(digits, 8)),
  );
}

import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { eventually } from "./processes";

/** A mounted cgroup hierarchy: one of several in version 1, the only one that counts in version 2. */
export interface Hierarchy {
  readonly version: 1 | 2;
  readonly mountPoint: string;
  /** Version 1: the controllers, or `name=…`; what `mount -o` takes. Version 2: those that can be handed down. */
  readonly controllers: readonly string[];
}

/** A control group of one embedded node in one hierarchy. */
export interface NodeCgroup {
  readonly hierarchy: Hierarchy;
  /** What the node sees as the root of the hierarchy. */
  readonly root: string;
  /**
   * Where the node's own processes live. In version 2 it is a child of the root, because only a cgroup without
   * processes may hand controllers down to the containers' cgroups.
   */
  readonly own: string;
}

/** The controllers that a kubelet and runc account and limit containers by. */
const wanted = ["cpu", "cpuset", "io", "memory", "pids"];

/** The cgroup hierarchies that are mounted on the machine. */
export function hierarchies(
  mountInfo: string = readFileSync("/proc/self/mountinfo", "utf8"),
): Hierarchy[] {
  const found = new Map<string, Hierarchy>();
  for (const line of mountInfo.trim().split("\n")) {
    const [mount = "", superblock = ""] = line.split(" - ");
    const mountPoint = mount.split(" ")[4] ?? "";
    const [type, , options = ""] = superblock.split(" ");
    if (type === "cgroup2") {
      const controllers = words(join(mountPoint, "cgroup.controllers"));
      found.set("2", { version: 2, mountPoint, controllers });
    } else if (type === "cgroup") {
      const controllers = options.split(",").filter(isVersion1Controller);
      found.set(controllers.join(), { version: 1, mountPoint, controllers });
    }
  }
  return [...found.values()];
}

function isVersion1Controller(option: string): boolean {
  const flags = ["rw", "ro", "xattr", "noprefix", "clone_children", "cpuset_v2_mode", "none"];
  return !flags.includes(option) && !/^(release_agent|seclabel)/.test(option);
}

function words(file: string): string[] {
  return existsSync(file) ? readFileSync(file, "utf8").trim().split(/\s+/).filter(Boolean) : [];
}

/** The control groups of a node, one for each hierarchy, whether they exist or not. */
export function nodeCgroups(id: string): NodeCgroup[] {
  return hierarchies().map((hierarchy) => {
    const root = join(hierarchy.mountPoint, `modelstore-${id}`);
    return { hierarchy, root, own: hierarchy.version === 2 ? join(root, "node") : root };
  });
}

/**
 * Makes the node's control groups. They hang off the root of each hierarchy, as those of every kubelet with the
 * cgroupfs driver do: a login session's own control group would end with the session.
 */
export function makeCgroups(id: string): NodeCgroup[] {
  const cgroups = nodeCgroups(id);
  for (const { hierarchy, root, own } of cgroups) {
    mkdirSync(own, { recursive: true });
    if (hierarchy.version === 2) {
      handDown(hierarchy.mountPoint);
      handDown(root);
    } else if (hierarchy.controllers.includes("cpuset")) {
      // A new cpuset of version 1 has no processor and no memory, and takes no process until it has.
      for (const file of ["cpuset.cpus", "cpuset.mems"]) {
        writeFileSync(join(root, file), readFileSync(join(hierarchy.mountPoint, file)));
      }
    }
  }
  return cgroups;
}

/** Lets the children of a version 2 cgroup use the controllers that containers need. */
function handDown(cgroup: string): void {
  const enabled = words(join(cgroup, "cgroup.subtree_control"));
  const missing = words(join(cgroup, "cgroup.controllers")).filter(
    (controller) => wanted.includes(controller) && !enabled.includes(controller),
  );
  if (missing.length === 0) return;
  const enable = missing.map((controller) => `+${controller}`).join(" ");
  try {
    writeFileSync(join(cgroup, "cgroup.subtree_control"), enable);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EBUSY") throw error;
    throw new Error(
      `the control group ${cgroup} cannot let containers use ${missing.join(", ")}, because it has processes of its own, ` +
        "as it does in a container; run on the machine itself, or move them to a control group below it first",
      { cause: error },
    );
  }
}

/** The ids of all processes of a node, its containers' included; empty when it does not run. */
export function processesOf(id: string): number[] {
  const found = new Set<number>();
  for (const { root } of nodeCgroups(id)) {
    for (const cgroup of tree(root)) {
      // Zero stands for a process of a foreign pid namespace.
      for (const pid of readIfThere(join(cgroup, "cgroup.procs")))
        if (pid !== "0") found.add(Number(pid));
    }
  }
  return [...found];
}

function readIfThere(file: string): string[] {
  try {
    return words(file);
  } catch (error) {
    // A container's cgroup may be removed while the tree is walked.
    if (["ENOENT", "ENODEV"].includes((error as NodeJS.ErrnoException).code ?? "")) return [];
    throw error;
  }
}

/** A cgroup and all below it, children before their parents. */
function tree(cgroup: string): string[] {
  let children: string[];
  try {
    children = readdirSync(cgroup, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(cgroup, entry.name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  return [...children.flatMap(tree), cgroup];
}

/** Ends all processes of a node at once and waits until they are gone. */
export async function killProcesses(id: string): Promise<void> {
  const gone = await eventually(
    () => {
      const pids = processesOf(id);
      for (const pid of pids) {
        try {
          process.kill(pid, "SIGKILL");
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
        }
      }
      return pids.length === 0;
    },
    { seconds: 20 },
  );
  if (!gone) {
    throw new Error(
      `the embedded node's processes ${processesOf(id).join(", ")} do not end after SIGKILL; ` +
        "look for what blocks them (state D in ps), or restart the machine",
    );
  }
}

/** Removes the node's control groups, which hold no process any more. */
export async function removeCgroups(id: string): Promise<void> {
  for (const { root } of nodeCgroups(id)) {
    for (const cgroup of tree(root)) {
      const removed = await eventually(() => isRemoved(cgroup), { seconds: 5 });
      if (!removed) throw new Error(`cannot remove the control group ${cgroup}: it is in use`);
    }
  }
}

/** Says whether the cgroup is gone. A cgroup stays busy for a moment after its last process has ended. */
function isRemoved(cgroup: string): boolean {
  try {
    rmdirSync(cgroup);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return true;
    if (code === "EBUSY") return false;
    throw error;
  }
}

/** The name under which a hierarchy is mounted below /sys/fs/cgroup. */
export function mountName(hierarchy: Hierarchy): string {
  return basename(hierarchy.mountPoint);
}

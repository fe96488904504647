import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { embeddedObstacle } from "../target";

/** The programs of the machine that the node is made with, and the Debian packages that have them. */
const programs: Readonly<Record<string, string>> = {
  ip: "iproute2",
  losetup: "mount",
  mount: "mount",
  openssl: "openssl",
  tar: "tar",
  umount: "mount",
  unshare: "util-linux",
};

/** What a machine needs from its kernel, by the files that show it. */
const kernelFeatures: Readonly<Record<string, string>> = {
  "/proc/self/ns/cgroup": "control group namespaces",
  "/proc/self/ns/net": "network namespaces",
  "/proc/self/ns/pid": "process id namespaces",
  "/dev/loop-control": "loop devices",
};

/**
 * Checks that an embedded node can be made on this machine.
 *
 * @throws Error that names everything that is missing, and what to do about it
 */
export function checkMachine(): void {
  const obstacle = embeddedObstacle({ platform: process.platform, uid: process.getuid?.() });
  if (obstacle !== undefined) {
    throw new Error(
      `${obstacle}; as root on Linux it runs, and any existing cluster serves as well`,
    );
  }
  const packages = Object.entries(programs)
    .filter(([program]) => !isOnPath(program))
    .map(([, debianPackage]) => debianPackage);
  if (packages.length > 0) {
    const names = [...new Set(packages)].join(" ");
    throw new Error(
      `the embedded node needs programs of the packages ${names}; run: apt-get install ${names}`,
    );
  }
  const missing = Object.entries(kernelFeatures)
    .filter(([file]) => !existsSync(file))
    .map(([file, feature]) => `${feature} (${file})`);
  if (missing.length > 0) {
    throw new Error(
      `this machine's kernel, or the container that this runs in, has no ${missing.join(" and no ")}; ` +
        "use another machine, or an existing cluster",
    );
  }
}

function isOnPath(program: string): boolean {
  return (process.env["PATH"] ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

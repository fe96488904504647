import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink } from "node:fs/promises";
import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { unpackArchives } from "../images/debianPackages";
import { run } from "../runProgram";
import { cacheDirectory } from "../paths";
import type { Progress } from "../progress";
import { findProgram } from "./installed";
import { goPlatform } from "./platform";
import { sharedWork } from "./sharedWork";

/** What the embedded node uses of Debian. */
export interface DebianPackages {
  /**
   * Folder with the files of the packages that the machine lacks, `usr/bin` and all. Laid under the machine's `/usr` they
   * work as if they were installed.
   */
  readonly root: string;
}

/**
 * The programs that the embedded node needs, each with the package that has it, and with arguments at which it does
 * nothing but end well.
 */
const programs: Readonly<Record<string, { package: string; args: readonly string[] }>> = {
  containerd: { package: "containerd", args: ["--version"] },
  "containerd-shim-runc-v2": { package: "containerd", args: ["-v"] },
  ctr: { package: "containerd", args: ["--version"] },
  runc: { package: "runc", args: ["--version"] },
  tini: { package: "tini", args: ["--version"] },
  iptables: { package: "iptables", args: ["--version"] },
  "iptables-restore": { package: "iptables", args: ["--version"] },
  "mkfs.xfs": { package: "xfsprogs", args: ["-V"] },
  xfs_growfs: { package: "xfsprogs", args: ["-V"] },
  kmod: { package: "kmod", args: ["--version"] },
  ip: { package: "iproute2", args: ["-V"] },
  mount: { package: "mount", args: ["--version"] },
  losetup: { package: "mount", args: ["--version"] },
  unshare: { package: "util-linux", args: ["--version"] },
};

/** The folder of the network plugins, and the package that has them. */
const networkPlugins = { folder: "usr/lib/cni", package: "containernetworking-plugins" };

/** Where the node looks for programs. */
const folders = ["usr/local/sbin", "usr/local/bin", "usr/sbin", "usr/bin"];

/**
 * The Debian packages that the embedded node needs and the machine lacks, unpacked into the cache. Nothing is installed:
 * containerd would start as a service, and the machine stays as it is.
 *
 * @throws Error if this is not Debian or one of its kin, if apt cannot get a package, or if a program does not run
 */
export async function ensureDebianPackages(progress: Progress): Promise<DebianPackages> {
  const missing = missingPackages();
  const release = await readRelease();
  const key = createHash("sha256").update(missing.join(" ")).digest("hex").slice(0, 12);
  const { architecture } = goPlatform();
  const name = `unpack ${missing.length} Debian packages`;
  const root = await sharedWork(
    name,
    join(cacheDirectory(), "toolchain", `${release}-${architecture}-${key}`),
    progress,
    (folder) =>
      progress.step(name, async () => {
        await unpack(missing, folder);
        await checkPrograms(folder);
      }),
  );
  return { root };
}

/** The packages of which the machine has not all that the node needs. */
function missingPackages(): string[] {
  const lacking = Object.entries(programs)
    .filter(([name]) => locate(name, "/") === undefined)
    .map(([, program]) => program.package);
  if (!existsSync(join("/", networkPlugins.folder, "bridge"))) lacking.push(networkPlugins.package);
  return [...new Set(lacking)].sort();
}

/** Path of a program below a root folder. */
function locate(name: string, root: string): string | undefined {
  return folders.map((folder) => join(root, folder, name)).find((path) => existsSync(path));
}

/** Name and version of the distribution, such as "debian-12". */
async function readRelease(): Promise<string> {
  const text = existsSync("/etc/os-release") ? await readFile("/etc/os-release", "utf8") : "";
  const value = (key: string): string | undefined =>
    new RegExp(`^${key}="?([^"\\n]*)"?$`, "m").exec(text)?.[1];
  const name = value("PRETTY_NAME") ?? process.platform;
  if (findProgram("apt-get") === undefined || findProgram("dpkg-deb") === undefined) {
    throw new Error(
      `the embedded platform takes containerd and other programs from Debian's packages, and this machine (${name}) has no apt-get; ` +
        "use Debian 12 or one of its kin, or an existing cluster",
    );
  }
  return `${value("ID") ?? "debian"}-${value("VERSION_ID") ?? "unstable"}`;
}

/** Has apt find out what the packages need that the machine lacks, and unpacks all of it. */
async function unpack(packages: readonly string[], root: string): Promise<void> {
  const downloads = await mkdtemp(join(tmpdir(), "modelstore-packages-"));
  try {
    await mkdir(join(downloads, "partial"));
    if (packages.length > 0) await download(packages, downloads);
    const archives = (await readdir(downloads)).filter((file) => file.endsWith(".deb"));
    await unpackArchives(
      archives.map((file) => join(downloads, file)),
      root,
    );
  } finally {
    await rm(downloads, { recursive: true, force: true });
  }
  await linkIptables(join(root, "usr", "sbin"));
}

/** Downloads packages and what they depend on; apt checks their hashes. Its index is updated only if that fails. */
async function download(packages: readonly string[], folder: string): Promise<void> {
  const options = [
    ["APT::Sandbox::User", "root"], // may write into our folder, unlike _apt
    ["Debug::NoLocking", "true"], // nothing is installed, so another apt may run
    ["Dir::Cache::archives", folder],
  ].flatMap(([key, value]) => ["--option", `${key}=${value}`]);
  const install = [
    "install",
    "--download-only",
    "--yes",
    "--no-install-recommends",
    "--no-upgrade",
  ];
  const attempt = (): Promise<string> => run("apt-get", [...install, ...options, ...packages]);
  if ((await failureOf(attempt())) === undefined) return;
  // An index that is missing or old is the usual cause. That the index of some other registry cannot be updated is no
  // failure: what counts is whether the packages are to be had then.
  const update = await failureOf(run("apt-get", ["update", "--error-on=any"]));
  const failure = await failureOf(attempt());
  if (failure !== undefined) throw new Error([failure, update ?? ""].join("\n").trim());
}

/** Why a command failed, or undefined. */
function failureOf(command: Promise<string>): Promise<string | undefined> {
  return command.then(
    () => undefined,
    (error: unknown) => (error as Error).message,
  );
}

/** Does what the package's installation would do: chooses the kind of iptables that Debian prefers. */
async function linkIptables(folder: string): Promise<void> {
  if (!existsSync(join(folder, "xtables-nft-multi"))) return;
  for (const family of ["iptables", "ip6tables"]) {
    for (const command of ["", "-save", "-restore"]) {
      await symlink("xtables-nft-multi", join(folder, `${family}${command}`));
    }
  }
}

/** Runs each program once, so that a missing library shows now and is named. */
async function checkPrograms(root: string): Promise<void> {
  const libraries = (await readdir(join(root, "usr", "lib")))
    .filter((folder) => folder.endsWith("-linux-gnu"))
    .map((folder) => join(root, "usr", "lib", folder));
  for (const [name, { args, package: debianPackage }] of Object.entries(programs)) {
    const path = locate(name, "/") ?? locate(name, root);
    if (path === undefined) throw new Error(`Debian's package ${debianPackage} has no ${name}`);
    await run(path, args, { env: { LD_LIBRARY_PATH: libraries.join(":") } });
  }
}

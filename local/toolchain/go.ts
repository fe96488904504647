import { chmod, copyFile, readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { run } from "../runProgram";
import { cacheDirectory } from "../paths";
import type { Progress } from "../progress";
import { findProgram } from "./installed";
import { download, moduleProxies, unpackModule } from "./moduleArchive";
import { goPlatform } from "./platform";
import { sharedWork } from "./sharedWork";
import { goToolchain } from "./versions";

/** A Go to build with. */
export interface Go {
  /** Path of the go command. */
  readonly program: string;
  /** The variables that it is run with, beside ours. */
  readonly environment: Readonly<Record<string, string>>;
}

/** The Go of this machine, if it is new enough for our modules, else one that is fetched from the Go module proxy. */
export async function ensureGo(progress: Progress): Promise<Go> {
  const installed = findProgram("go");
  if (installed !== undefined && (await isNewEnough(installed))) {
    return { program: installed, environment: settings() };
  }
  const { os, architecture } = goPlatform();
  const name = `go ${goToolchain.version}`;
  const root = await sharedWork(
    name,
    join(cacheDirectory(), "toolchain", `go-${goToolchain.version}-${os}-${architecture}`),
    progress,
    (folder) => progress.step(`fetch ${name}`, () => fetchGo(folder)),
  );
  return { program: join(root, "bin", "go"), environment: { ...settings(), GOROOT: root } };
}

/** What makes a build the same on every machine, whatever its Go is configured to do. */
function settings(): Record<string, string> {
  const { os, architecture } = goPlatform();
  return {
    CGO_ENABLED: "0",
    GOARCH: architecture,
    GOFLAGS: "-mod=readonly",
    GOOS: os,
    GOTOOLCHAIN: "local",
    GOWORK: "off",
  };
}

/** Whether a Go has at least the major and minor version of the one that we would fetch. */
async function isNewEnough(go: string): Promise<boolean> {
  const output = await run(go, ["env", "GOVERSION"], { env: { GOTOOLCHAIN: "local" } });
  const [, major, minor] = /^go(\d+)\.(\d+)/.exec(output.trim()) ?? [];
  if (major === undefined || minor === undefined) return false;
  const [wantedMajor, wantedMinor] = goToolchain.version.split(".").map(Number) as [number, number];
  return (
    Number(major) > wantedMajor || (Number(major) === wantedMajor && Number(minor) >= wantedMinor)
  );
}

/**
 * Fetches the module golang.org/toolchain, which is how Go distributes itself, and unpacks it.
 *
 * @see https://go.dev/doc/toolchain
 */
async function fetchGo(folder: string): Promise<void> {
  const { os, architecture } = goPlatform();
  if (os !== "linux") {
    throw new Error(`there is no Go ${goToolchain.version} or newer on PATH; install one`);
  }
  const version = `v0.0.1-go${goToolchain.version}.${os}-${architecture}`;
  const archive = await download(`golang.org/toolchain/@v/${version}.zip`, moduleProxies());
  await unpackModule(
    archive,
    `golang.org/toolchain@${version}`,
    goToolchain.hashes[architecture],
    folder,
  );
  // Module archives carry no permissions, and no files named go.mod below their root.
  for (const tools of ["bin", join("pkg", "tool", `${os}_${architecture}`)]) {
    for (const tool of await readdir(join(folder, tools)))
      await chmod(join(folder, tools, tool), 0o755);
  }
  for (const file of await readdir(folder, { recursive: true })) {
    if (basename(file) === "_go.mod") {
      await copyFile(join(folder, file), join(folder, dirname(file), "go.mod"));
    }
  }
}

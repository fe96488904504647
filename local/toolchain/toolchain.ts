import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { requireFreeSpace } from "../freeSpace";
import { cacheDirectory } from "../paths";
import type { Progress } from "../progress";
import { buildEntry } from "./buildEntry";
import { builds as allBuilds, type Build } from "./builds";
import { compile } from "./compile";
import { ensureGo, type Go } from "./go";
import { findInstalled } from "./installed";
import { sharedWork } from "./sharedWork";
import { Turns } from "./turns";

/** The programs that the embedded platform consists of and is driven with. */
export interface Toolchain {
  /**
   * Absolute path of a program.
   *
   * @throws Error if the toolchain was not asked for it
   */
  readonly bin: (name: string) => string;
  /** The folders of the programs, for `PATH`. */
  readonly directories: readonly string[];
  /**
   * Folder of the manifests that the CSI sidecars' modules ship.
   *
   * @throws Error if the toolchain was not asked for the sidecars
   */
  readonly manifests: string;
}

/**
 * The programs of the embedded platform: the machine's where they have the right version, else from the cache, else
 * built from Go modules, which takes minutes once.
 *
 * @param which - names of the programs that are needed
 * @defaultValue all
 * @throws Error that says which build failed, why, and where its log is; the other builds are stopped
 */
export async function ensureToolchain(
  progress: Progress,
  which?: readonly string[],
  builds: readonly Build[] = allBuilds,
): Promise<Toolchain> {
  const known = builds.flatMap(namesOf);
  const unknown = which?.filter((name) => !known.includes(name)) ?? [];
  if (unknown.length > 0) {
    throw new Error(`no program ${unknown.join(", ")} is built; there are ${known.join(", ")}`);
  }
  const wanted = builds.filter(
    (build) => which?.some((name) => namesOf(build).includes(name)) ?? true,
  );

  const programs = new Map<string, string>();
  for (const [name, path] of (await ensureBuilds(wanted, builds, progress)).flat()) {
    programs.set(name, path);
  }
  const find = (name: string): string => {
    const path = programs.get(name);
    if (path !== undefined) return path;
    throw new Error(
      `the toolchain was not asked for ${name}, only for ${[...programs.keys()].join(", ")}`,
    );
  };
  return {
    bin: find,
    directories: [...new Set([...programs.values()].map(dirname))],
    get manifests(): string {
      return join(dirname(find("csi-provisioner")), "..", "manifests");
    },
  };
}

function namesOf(build: Build): string[] {
  return build.programs.map(({ name }) => name);
}

/** The name and path of a program. */
type Located = readonly [name: string, path: string];

/** Makes several builds at once. When one fails the others are stopped, so that no compiler is left behind. */
async function ensureBuilds(
  wanted: readonly Build[],
  builds: readonly Build[],
  progress: Progress,
): Promise<Located[][]> {
  const stop = new AbortController();
  let go: Promise<Go> | undefined;
  const ensure = async (build: Build): Promise<Located[]> => {
    const installed = await findInstalled(build, builds);
    if (installed !== undefined) return [...installed];
    const entry = buildEntry(build);
    // The cache is looked at first, so that it serves a machine without network and Go.
    if (!existsSync(entry)) {
      await ensureBuild(build, entry, await (go ??= prepareGo(progress)), progress, stop.signal);
    }
    return namesOf(build).map((name) => [name, join(entry, "bin", name)]);
  };
  let first: unknown;
  const outcomes = await Promise.allSettled(
    wanted.map((build) =>
      ensure(build).catch((error: unknown) => {
        first ??= error;
        stop.abort();
        throw error;
      }),
    ),
  );
  return outcomes.map((outcome) => {
    // Those that were stopped failed because of the first.
    if (outcome.status === "rejected") throw first;
    return outcome.value;
  });
}

/** GiB that the modules' sources, Go's build cache and the programs take when all of them are built. */
const neededSpace = 12;

async function prepareGo(progress: Progress): Promise<Go> {
  await requireFreeSpace(cacheDirectory(), neededSpace, "building the toolchain from source");
  return ensureGo(progress);
}

// A build compiles on all cores, but links on one: two at once keep two cores busy.
const turns = new Turns(2);

async function ensureBuild(
  build: Build,
  entry: string,
  go: Go,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const name = `build ${build.name} ${build.version}`;
  await sharedWork(name, entry, progress, (folder) =>
    turns.take(() =>
      progress.step(name, () => {
        signal.throwIfAborted();
        return compile(build, folder, go, progress, signal);
      }),
    ),
  );
}

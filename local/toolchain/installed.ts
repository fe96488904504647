import { accessSync, constants, statSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { run } from "../runProgram";
import type { Build } from "./builds";

/** Path of a program on `PATH`, or undefined. */
export function findProgram(name: string): string | undefined {
  return (process.env["PATH"] ?? "")
    .split(delimiter)
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/**
 * Paths of a build's programs where the machine has all of them in the right version, by name; else undefined.
 *
 * @param programs - the programs of all builds, which some are recognised by
 */
export async function findInstalled(
  build: Build,
  programs: readonly Build[],
): Promise<ReadonlyMap<string, string> | undefined> {
  const found = new Map<string, string>();
  for (const { name, recognition } of build.programs) {
    if (recognition === undefined) return undefined;
    const path =
      "beside" in recognition
        ? await findBeside(name, recognition.beside, programs)
        : await findAnswering(name, recognition);
    if (path === undefined) return undefined;
    found.set(name, path);
  }
  return found;
}

async function findBeside(
  name: string,
  other: string,
  programs: readonly Build[],
): Promise<string | undefined> {
  const build = programs.find((candidate) => candidate.programs.some((p) => p.name === other));
  const path = build && (await findInstalled(build, programs))?.get(other);
  if (path === undefined) return undefined;
  const beside = join(dirname(path), name);
  return isExecutable(beside) ? beside : undefined;
}

async function findAnswering(
  name: string,
  { args, says }: { readonly args: readonly string[]; readonly says: string },
): Promise<string | undefined> {
  const path = findProgram(name);
  if (path === undefined) return undefined;
  let output: string;
  try {
    output = await run(path, args);
  } catch {
    // A program of this name that does not know the question is another one.
    return undefined;
  }
  const answers = output.split("\n").some((line) => line === says || line.startsWith(`${says} `));
  return answers ? path : undefined;
}

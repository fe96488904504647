import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { cacheDirectory } from "../paths";
import type { Build, Program } from "./builds";
import { goPlatform } from "./platform";

/** Where a build's outcome is kept: the name of its folder tells all that it depends on. */
export function buildEntry(build: Build): string {
  const hash = createHash("sha256");
  for (const file of sourcesOf(build.module)) {
    hash.update(`${file}\n`).update(readFileSync(join(build.module, file)));
  }
  hash.update(JSON.stringify([buildArguments(build), build.manifests]));
  const { os, architecture } = goPlatform();
  const key = hash.digest("hex").slice(0, 12);
  return join(
    cacheDirectory(),
    "toolchain",
    `${build.name}-${build.version}-${os}-${architecture}-${key}`,
  );
}

/** The files that decide what is built: the module's, and its own source where it has any. */
function sourcesOf(module: string): string[] {
  return readdirSync(module, { recursive: true, encoding: "utf8" })
    .filter((file) => /(^|\/)go\.(mod|sum)$|\.go$/.test(file) && !file.endsWith("_test.go"))
    .sort();
}

/** Arguments of `go build`: for all programs, then the linker's flags for each program's package, then the packages. */
export function buildArguments({ programs }: Build): string[] {
  return [
    "-trimpath",
    "-buildvcs=false",
    ...programs.map(linkerFlags),
    ...programs.map((program) => program.package),
  ];
}

function linkerFlags(program: Program): string {
  const variables = Object.entries(program.variables ?? {}).map(
    ([name, value]) => `-X ${name}=${value}`,
  );
  return `-ldflags=${program.package}=${["-s", "-w", ...variables].join(" ")}`;
}

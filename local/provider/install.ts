import { randomBytes } from "node:crypto";
import { chmod, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { build } from "esbuild";

/**
 * Puts the stand-in plugin into a folder, as the executable `pulumi-resource-kubernetes` that the engine looks for on
 * PATH. It is bundled to one file, which starts in a fifth of a second.
 * @param folder - made when missing; what stood there under the name is replaced
 * @returns the executable's path
 */
export async function installStandInPlugin(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const bundle = join(folder, "pulumi-resource-kubernetes.cjs");
  const launcher = join(folder, "pulumi-resource-kubernetes");
  const draft = join(folder, `.${randomBytes(4).toString("hex")}`);
  try {
    await build({
      entryPoints: [resolve(__dirname, "main.ts")],
      outfile: draft,
      bundle: true,
      platform: "node",
      target: "node20",
      format: "cjs",
      logLevel: "silent",
    });
    // Renamed into place: a plugin that is running keeps the file that it has.
    await rename(draft, bundle);
    await writeFile(draft, `#!/bin/sh\nexec "${process.execPath}" "${resolve(bundle)}" "$@"\n`);
    await chmod(draft, 0o755);
    await rename(draft, launcher);
  } finally {
    await rm(draft, { force: true });
  }
  return launcher;
}

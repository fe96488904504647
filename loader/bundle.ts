import { createHash } from "node:crypto";
import { buildSync } from "esbuild";

/** The loader in one file, as it goes into a ConfigMap. */
export interface LoaderBundle {
  /** JavaScript for Node 20 and later, without dependencies. */
  readonly code: string;
  /** The SHA-256 of the code; the same sources give the same one. */
  readonly digest: string;
}

/** What a ConfigMap holds, less what the specification beside the code may need. */
const mostBytes = 900_000;

let bundle: LoaderBundle | undefined;

/**
 * The loader's code in one file, readable, so that who finds it in a cluster can see what it does.
 *
 * @throws Error when the sources do not compile, or are too large for a ConfigMap
 */
export function bundleLoader(): LoaderBundle {
  bundle ??= build();
  return bundle;
}

function build(): LoaderBundle {
  const { outputFiles } = buildSync({
    absWorkingDir: __dirname,
    entryPoints: ["main.ts"],
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    charset: "utf8",
    write: false,
    logLevel: "silent",
  });
  const code = outputFiles.map(({ text }) => text).join("");
  const size = Buffer.byteLength(code);
  if (size > mostBytes) {
    throw new Error(`the loader has ${size} bytes, and a ConfigMap takes ${mostBytes}`);
  }
  return { code, digest: createHash("sha256").update(code).digest("hex") };
}

import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { checkout } from "./paths";

/**
 * Puts a launcher of the Node language host into a folder, which hands it the `runtime.options` of `Pulumi.yaml`.
 *
 * The last host that can be built from Go modules takes those options as flags, and today's engine no longer gives any:
 * without the launcher it type-checks the program with its own old ts-node, which takes twenty seconds, and ignores
 * `nodeargs`. A released host ignores nothing and needs no launcher.
 *
 * @param folder - made when missing; it has to come before the host's own folder on `PATH`
 * @param host - absolute path of the language host
 */
export function installLanguageHost(folder: string, host: string): void {
  const project = parse(readFileSync(join(checkout, "Pulumi.yaml"), "utf8")) as {
    readonly runtime: { readonly options?: Readonly<Record<string, unknown>> };
  };
  const flags = Object.entries(project.runtime.options ?? {}).map(
    ([option, value]) => `"-${option}=${String(value)}"`,
  );
  mkdirSync(folder, { recursive: true });
  const launcher = join(folder, "pulumi-language-nodejs");
  writeFileSync(`${launcher}.new`, `#!/bin/sh\nexec "${host}" ${flags.join(" ")} "$@"\n`);
  chmodSync(`${launcher}.new`, 0o755);
  renameSync(`${launcher}.new`, launcher);
}

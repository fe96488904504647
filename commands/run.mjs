// What every `npm run` command starts with. It needs nothing but Node and npm: it installs this project's packages
// where they are missing or older than the lockfile, then runs commands/<name>.ts with what is left of the arguments.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const checkout = dirname(dirname(fileURLToPath(import.meta.url)));
const [name, ...args] = process.argv.slice(2);

const [major, minor] = process.versions.node.split(".").map(Number);
if (!(major > 22 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19))) {
  console.error(
    `modelstore needs Node 20.19 or later, or 22.12 or later; this is ${process.version}. Install one of them and run the command again.`,
  );
  process.exit(1);
}

installPackages();

const run = spawnSync(
  process.execPath,
  ["--import", "tsx", join(checkout, "commands", `${name}.ts`), ...args],
  { cwd: checkout, stdio: "inherit" },
);
if (run.error) throw run.error;
process.exit(run.status ?? 1);

function installPackages() {
  const lock = createHash("sha256")
    .update(readFileSync(join(checkout, "package-lock.json")))
    .digest("hex");
  const marker = join(checkout, "node_modules", ".installed-lock");
  if (existsSync(marker) && readFileSync(marker, "utf8") === lock) return;
  console.error("installing this project's packages (npm ci) …");
  // No package here needs its install script; @pulumi/kubernetes' would look for a pulumi that is not there yet.
  const npm = spawnSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
    cwd: checkout,
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (npm.error ?? npm.status !== 0) {
    console.error(
      `npm ci failed${npm.error ? `: ${npm.error.message}` : ""}; the lines above say why`,
    );
    process.exit(1);
  }
  writeFileSync(marker, lock);
}

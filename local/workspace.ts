import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { checkout } from "./paths";

/** The stack that `npm run up` brings up. */
export const devStack = "dev";

/** A Pulumi workspace of this project: where its state lies and what a shell needs in order to use it. */
export interface Workspace {
  /** Holds the file backend, the engine's home, the passphrase and the stack's configuration file. */
  readonly directory: string;
  /** The environment that points the engine, its plugins and kubectl at this workspace and its cluster. */
  readonly environment: Readonly<Record<string, string>>;
}

/** The engine's own folder in a workspace: its plugins and its credentials. */
export function pulumiHome(directory: string): string {
  return join(directory, "pulumi-home");
}

/** What a workspace is opened with. */
export interface WorkspaceArgs {
  /** A folder of its own; made where it does not exist. */
  readonly directory: string;
  /** Text of the stack's configuration file, given the text of the file's last version where there is one. */
  readonly configuration: (previous: string | undefined) => string;
  /** Path of the kubeconfig, or several, as `KUBECONFIG` takes them. */
  readonly kubeconfig: string;
  /** Folders to search for the engine, its plugins and kubectl, before those of `PATH`. */
  readonly path: readonly string[];
}

/** Path of the stack configuration file of a workspace. */
export function configurationFile(directory: string): string {
  return join(directory, `Pulumi.${devStack}.yaml`);
}

/**
 * Makes a workspace, or opens it again: its passphrase and the engine's salt are kept, everything else is written anew.
 * The environment is recorded in it, so that later commands find the same engine and the same cluster.
 */
export function writeWorkspace(args: WorkspaceArgs): Workspace {
  const { directory } = args;
  const backend = join(directory, "pulumi");
  const home = pulumiHome(directory);
  for (const folder of [backend, home]) mkdirSync(folder, { recursive: true });

  const passphrase = join(directory, "passphrase");
  if (!existsSync(passphrase)) {
    writeFileSync(passphrase, randomBytes(24).toString("base64url"), { mode: 0o600 });
  }

  const file = configurationFile(directory);
  const previous = existsSync(file) ? readFileSync(file, "utf8") : undefined;
  writeFileSync(file, args.configuration(previous));

  // Commands that take no --config-file look for a stack's configuration beside a project's file: beside this one they
  // find ours, and leave the checkout's alone.
  writeFileSync(
    join(directory, "Pulumi.yaml"),
    stringify({ name: projectName(), runtime: "nodejs" }),
  );

  const workspace: Workspace = {
    directory,
    environment: {
      PATH: [...args.path, "${PATH}"].join(":"),
      KUBECONFIG: args.kubeconfig,
      PULUMI_HOME: home,
      PULUMI_BACKEND_URL: `file://${backend}`,
      PULUMI_CONFIG_PASSPHRASE_FILE: passphrase,
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_STACK: devStack,
      PULUMI_OPTION_CONFIG_FILE: file,
    },
  };
  writeFileSync(recordOf(directory), JSON.stringify(workspace.environment, undefined, 2));
  return workspace;
}

/** The workspace that an earlier command left in this folder; undefined where there is none. */
export function readWorkspace(directory: string): Workspace | undefined {
  const record = recordOf(directory);
  if (!existsSync(record)) return undefined;
  return {
    directory,
    environment: JSON.parse(readFileSync(record, "utf8")) as Record<string, string>,
  };
}

function projectName(): string {
  const project = parse(readFileSync(join(checkout, "Pulumi.yaml"), "utf8")) as { name: string };
  return project.name;
}

function recordOf(directory: string): string {
  return join(directory, "environment.json");
}

/** The workspace's environment with this process' own `PATH` filled in. */
export function processEnvironment(workspace: Workspace): NodeJS.ProcessEnv {
  const { PATH, ...others } = workspace.environment;
  return {
    ...process.env,
    ...others,
    PATH: (PATH ?? "${PATH}").replace("${PATH}", process.env["PATH"] ?? ""),
  };
}

/** The workspace's environment as lines for `eval`. */
export function exportLines(workspace: Workspace): string[] {
  return Object.entries(workspace.environment).map(
    ([name, value]) => `export ${name}="${value.replace(/["\\`]|\$(?!\{PATH\})/g, "\\$&")}"`,
  );
}

/** What a run of the engine's command line gave. */
export interface PulumiRun {
  readonly status: number;
  /** Its standard output; empty where it went to the terminal. */
  readonly stdout: string;
}

/**
 * Runs `pulumi` in the checkout with the workspace's environment. Its standard error always goes to the terminal.
 *
 * @param output - `show`: its standard output goes to the terminal's standard error too, where progress belongs;
 *   `capture`: it is returned
 */
export function pulumi(
  workspace: Workspace,
  args: readonly string[],
  output: "show" | "capture",
): Promise<PulumiRun> {
  return new Promise((resolve, reject) => {
    const child = spawn("pulumi", [...args, "--non-interactive"], {
      cwd: checkout,
      env: processEnvironment(workspace),
      stdio: ["ignore", output === "show" ? process.stderr : "pipe", "inherit"],
    });
    let stdout = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.on("error", reject);
    child.on("close", (status) => {
      resolve({ status: status ?? 1, stdout });
    });
  });
}

/** Makes the workspace's stack, unless it exists. */
export async function ensureStack(workspace: Workspace): Promise<void> {
  const args = ["stack", "select", devStack, "--create", "--cwd", workspace.directory];
  await pulumiOutput(workspace, args);
}

/** Runs `pulumi` and returns its standard output. @throws Error when it does not end with 0. */
export async function pulumiOutput(workspace: Workspace, args: readonly string[]): Promise<string> {
  const { status, stdout } = await pulumi(workspace, args, "capture");
  if (status !== 0) throw new Error(`pulumi ${args.join(" ")} ended with ${status}:\n${stdout}`);
  return stdout;
}

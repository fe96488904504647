import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { transformSync } from "esbuild";
import { checkout } from "../../local/paths";
import type { EngineCluster } from "./engineCluster";

/** One resource of a run and what the engine did with it. */
export interface EngineStep {
  /** The engine's word: `create`, `update`, `same`, `delete`, `replace`, `create-replacement`, `refresh`, … */
  readonly operation: string;
  /** The resource's name in its program. */
  readonly name: string;
  /** Its type token, such as `kubernetes:batch/v1:Job`. */
  readonly type: string;
  /** The properties that changed, where the engine names them. */
  readonly changed: readonly string[];
}

/** What a run of the engine gave. */
export interface EngineRun {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly seconds: number;
  /** What was done, but for the stack itself, in the order in which it was begun. */
  readonly steps: readonly EngineStep[];
  /** What a person is told beside the resources: infos, warnings and errors, each with its prefix. */
  readonly messages: readonly string[];
}

/** The shape of the engine's event log that is read here. */
interface EngineEvent {
  readonly resourcePreEvent?: {
    readonly metadata: {
      readonly op: string;
      readonly urn: string;
      readonly type: string;
      readonly diffs?: readonly string[] | null;
      readonly detailedDiff?: Readonly<Record<string, unknown>> | null;
    };
  };
  readonly diagnosticEvent?: {
    readonly prefix?: string;
    readonly message: string;
    readonly severity: string;
    readonly ephemeral?: boolean;
  };
}

/** The commands that go through a stack's resources. */
const operations = new Set(["preview", "up", "refresh", "destroy"]);

/**
 * A Pulumi program of a test, with a file backend of its own. It lies inside the checkout, so that its imports are found.
 */
export class EngineProject {
  readonly directory: string;

  /** @param cluster - where the program's resources go and which engine runs it */
  constructor(private readonly cluster: Pick<EngineCluster, "kubeconfig" | "path">) {
    const parent = join(checkout, ".modelstore", "tests");
    mkdirSync(parent, { recursive: true });
    this.directory = mkdtempSync(join(parent, "engine-"));
    for (const folder of ["backend", "home"]) mkdirSync(join(this.directory, folder));
    writeFileSync(
      join(this.directory, "Pulumi.yaml"),
      [
        "name: project",
        "runtime:",
        "  name: nodejs",
        "  options: { typescript: false }",
        "main: index.js",
        "",
      ].join("\n"),
    );
  }

  /**
   * Sets the program's text in TypeScript, which finds `k8s` and `pulumi` imported. It is compiled here, not in each run,
   * which takes longer than all the rest of a run.
   */
  program(text: string): void {
    const imports = [
      'import * as k8s from "@pulumi/kubernetes";',
      'import * as pulumi from "@pulumi/pulumi";',
    ];
    const source = [...imports, text].join("\n");
    const { code } = transformSync(source, { loader: "ts", format: "cjs", target: "node20" });
    writeFileSync(join(this.directory, "index.js"), code);
  }

  /** Makes the stack `dev`, to which all runs belong. */
  async init(): Promise<void> {
    const { status, stderr } = await this.run(["stack", "init", "dev"]);
    if (status !== 0) throw new Error(`pulumi stack init ended with ${status}: ${stderr}`);
  }

  preview(...args: string[]): Promise<EngineRun> {
    return this.run(["preview", ...args]);
  }

  up(...args: string[]): Promise<EngineRun> {
    return this.run(["up", "--yes", "--skip-preview", ...args]);
  }

  refresh(...args: string[]): Promise<EngineRun> {
    return this.run(["refresh", "--yes", "--skip-preview", ...args]);
  }

  destroy(...args: string[]): Promise<EngineRun> {
    return this.run(["destroy", "--yes", "--skip-preview", ...args]);
  }

  /** The stack's outputs. */
  async outputs(): Promise<Record<string, unknown>> {
    return JSON.parse((await this.run(["stack", "output", "--json"])).stdout) as Record<
      string,
      unknown
    >;
  }

  /** The stack's state as it lies on the disk: secrets encrypted. */
  async exported(): Promise<string> {
    return (await this.run(["stack", "export"])).stdout;
  }

  /** Runs `up` and interrupts it, as Ctrl-C does, as soon as it prints `text`. */
  interruptedUp(text: string): Promise<EngineRun> {
    return this.run(["up", "--yes", "--skip-preview"], text);
  }

  /**
   * Runs `pulumi` with these arguments.
   * @param interruptAt - what the engine prints when it is to be interrupted
   */
  run(args: readonly string[], interruptAt?: string): Promise<EngineRun> {
    const eventLog = join(this.directory, `events-${randomBytes(4).toString("hex")}.json`);
    const from = Date.now();
    return new Promise((resolve, reject) => {
      const logged = operations.has(args[0] ?? "") ? ["--event-log", eventLog] : [];
      const child = spawn("pulumi", [...args, "--non-interactive", ...logged], {
        cwd: this.directory,
        env: this.environment,
        stdio: ["ignore", "pipe", "pipe"],
      });
      let stdout = "";
      let stderr = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        const awaited = interruptAt !== undefined && !stdout.includes(interruptAt);
        stdout += text;
        if (awaited && stdout.includes(interruptAt)) child.kill("SIGINT");
      });
      child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
      child.on("error", reject);
      child.on("close", (status) => {
        const seconds = (Date.now() - from) / 1000;
        resolve({ status: status ?? 1, stdout, stderr, seconds, ...readEvents(eventLog) });
      });
    });
  }

  /** The environment that points the engine at this project and its cluster. */
  get environment(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      PATH: [...this.cluster.path, process.env["PATH"] ?? ""].join(":"),
      KUBECONFIG: this.cluster.kubeconfig,
      PULUMI_BACKEND_URL: `file://${join(this.directory, "backend")}`,
      PULUMI_HOME: join(this.directory, "home"),
      PULUMI_CONFIG_PASSPHRASE: "for tests only",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      // The event log is among the engine's commands for its own developers.
      PULUMI_DEBUG_COMMANDS: "true",
      PULUMI_STACK: "dev",
    };
  }

  /** Removes the project; what it made in the cluster stays unless destroyed before. */
  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

function readEvents(file: string): Pick<EngineRun, "steps" | "messages"> {
  if (!existsSync(file)) return { steps: [], messages: [] };
  const events = readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as EngineEvent);
  const steps = events.flatMap(({ resourcePreEvent }): EngineStep[] => {
    if (resourcePreEvent === undefined) return [];
    const { op, urn, type, diffs, detailedDiff } = resourcePreEvent.metadata;
    if (type === "pulumi:pulumi:Stack" || type.startsWith("pulumi:providers:")) return [];
    const changed = Object.keys(detailedDiff ?? {});
    const name = urn.split("::").slice(3).join("::");
    return [{ operation: op, name, type, changed: changed.length > 0 ? changed : (diffs ?? []) }];
  });
  const messages = events.flatMap(({ diagnosticEvent }) => {
    if (diagnosticEvent === undefined || diagnosticEvent.severity === "debug") return [];
    return [`${diagnosticEvent.prefix ?? ""}${diagnosticEvent.message}`];
  });
  return { steps, messages };
}

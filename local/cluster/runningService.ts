import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, existsSync, openSync, renameSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { ApiClient } from "./apiClient";
import { Backoff, Journal, type Part } from "./part";
import { isReady } from "./probe";
import { eventually, pause } from "./processes";
import type { Service } from "./services";
import type { PartStatus } from "./status";

/** A log above this size is put aside before the next start of its service; one older one is kept. */
const longLog = 16 * 1024 * 1024;

/** After this time without an end, a service's troubles are forgotten. */
const longLife = 30_000;

/** The path of a service's log. */
export function logFile(folder: string, service: string): string {
  return join(folder, `${service}.log`);
}

/** Keeps one service running: starts it again, ever more slowly, when it ends by itself. */
export class RunningService implements Part {
  private readonly journal: Journal;
  private readonly backoff = new Backoff();
  private process: ChildProcess | undefined;
  private stopping = false;
  private loop: Promise<void> | undefined;
  private settleReady: () => void = () => undefined;
  readonly firstReady = new Promise<void>((resolve) => (this.settleReady = resolve));

  constructor(
    private readonly service: Service,
    private readonly logs: string,
    private readonly api: ApiClient,
    changed: () => void,
  ) {
    this.journal = new Journal(service.name, changed);
  }

  get name(): string {
    return this.service.name;
  }

  get after(): readonly string[] {
    return this.service.after;
  }

  get status(): PartStatus {
    return this.journal.status;
  }

  start(): void {
    this.loop ??= this.keepRunning();
  }

  /** Asks the process to end, and makes it end after five seconds. */
  async stop(): Promise<void> {
    this.stopping = true;
    const { process } = this;
    process?.kill("SIGTERM");
    const timer = setTimeout(() => process?.kill("SIGKILL"), 5000);
    await this.loop;
    clearTimeout(timer);
    this.journal.note("stopped");
  }

  private async keepRunning(): Promise<void> {
    for (;;) {
      const began = Date.now();
      const trouble = await this.runOnce();
      if (this.isStopping()) return;
      if (Date.now() - began > longLife) this.backoff.reset();
      this.journal.note("restarting", { trouble, restarts: this.status.restarts + 1 });
      await eventually(() => this.isStopping(), { seconds: this.backoff.next() });
      if (this.isStopping()) return;
    }
  }

  private isStopping(): boolean {
    return this.stopping;
  }

  /** Runs the process to its end and says how it ended. */
  private async runOnce(): Promise<string> {
    const [program, ...args] = this.service.command;
    const log = this.openLog();
    const child = spawn(program, args, {
      env: { ...process.env, ...this.service.environment },
      stdio: ["ignore", log, log],
    });
    closeSync(log);
    this.process = child;
    this.journal.note("starting", { pid: child.pid });
    const ended = new Promise<string>((resolve) => {
      child.on("error", (error) => {
        resolve(error.message);
      });
      child.on("exit", (code, signal) => {
        resolve(signal ?? `exit code ${code ?? "unknown"}`);
      });
    });
    let over = false;
    void ended.then(() => (over = true));
    void this.watchUntilReady(child, () => over || this.stopping);
    const how = await ended;
    this.process = undefined;
    return how;
  }

  private async watchUntilReady(child: ChildProcess, over: () => boolean): Promise<void> {
    while (!over()) {
      if ((await isReady(this.service.ready, this.api)) && !over()) {
        this.journal.note("ready", { pid: child.pid });
        this.settleReady();
        return;
      }
      await pause(100);
    }
  }

  private openLog(): number {
    const file = logFile(this.logs, this.name);
    if (existsSync(file) && statSync(file).size > longLog) renameSync(file, `${file}.1`);
    const log = openSync(file, "a");
    writeSync(log, `--- ${new Date().toISOString()} ${this.service.command.join(" ")}\n`);
    return log;
  }
}

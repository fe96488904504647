import { appendFileSync } from "node:fs";
import { Backoff, Journal, type Part } from "./part";
import { eventually } from "./processes";
import { logFile } from "./runningService";
import type { PartStatus } from "./status";

/** Something that the supervisor itself does once, and again after a while when it fails. */
export interface Task {
  readonly name: string;
  readonly after: readonly string[];
  readonly run: () => Promise<void>;
}

/** Does a task until it has succeeded. */
export class RunningTask implements Part {
  private readonly journal: Journal;
  private readonly backoff = new Backoff();
  private stopping = false;
  private loop: Promise<void> | undefined;
  private settleReady: () => void = () => undefined;
  readonly firstReady = new Promise<void>((resolve) => (this.settleReady = resolve));

  constructor(
    private readonly task: Task,
    private readonly logs: string,
    changed: () => void,
  ) {
    this.journal = new Journal(task.name, changed);
  }

  get name(): string {
    return this.task.name;
  }

  get after(): readonly string[] {
    return this.task.after;
  }

  get status(): PartStatus {
    return this.journal.status;
  }

  start(): void {
    this.loop ??= this.untilDone();
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await this.loop;
    this.journal.note("stopped");
  }

  private async untilDone(): Promise<void> {
    this.journal.note("starting");
    while (!this.stopping) {
      try {
        await this.task.run();
        this.journal.note("ready");
        this.settleReady();
        return;
      } catch (error) {
        const trouble = error instanceof Error ? error.message : String(error);
        appendFileSync(logFile(this.logs, this.name), `${new Date().toISOString()} ${trouble}\n`);
        const [line = ""] = trouble.split("\n");
        this.journal.note("restarting", { trouble: line, restarts: this.status.restarts + 1 });
        await eventually(() => this.stopping, { seconds: this.backoff.next() });
      }
    }
  }
}

import type { PartState, PartStatus } from "./status";

/** Something of the node that the supervisor brings up and watches. */
export interface Part {
  readonly name: string;
  /** What has to have been ready before it starts. */
  readonly after: readonly string[];
  readonly status: PartStatus;
  /** Settles when the part is ready for the first time. */
  readonly firstReady: Promise<void>;
  /** Begins to bring it up, and keeps it up until it is stopped. */
  start(): void;
  /** Ends it; settles when it has ended. */
  stop(): Promise<void>;
}

/** The record of what a part is doing; tells others at every change. */
export class Journal {
  private current: PartStatus;

  constructor(
    name: string,
    private readonly changed: () => void,
  ) {
    this.current = { name, state: "waiting", since: new Date().toISOString(), restarts: 0 };
  }

  get status(): PartStatus {
    return this.current;
  }

  /** Notes a change; what is not given stays, but for the process. */
  note(
    state: PartState,
    { pid, restarts, trouble }: Partial<Pick<PartStatus, "pid" | "restarts" | "trouble">> = {},
  ): void {
    const { name, restarts: before, trouble: previous } = this.current;
    this.current = {
      name,
      state,
      pid,
      since: new Date().toISOString(),
      restarts: restarts ?? before,
      trouble: trouble ?? previous,
    };
    this.changed();
  }
}

/** How long to wait before the next try, growing from half a second to ten. */
export class Backoff {
  private seconds = 0.5;

  /** The time to wait now, in seconds. */
  next(): number {
    const now = this.seconds;
    this.seconds = Math.min(now * 2, 10);
    return now;
  }

  /** Starts over: all has been well for a while. */
  reset(): void {
    this.seconds = 0.5;
  }
}

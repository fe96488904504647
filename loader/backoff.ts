import { setTimeout as sleep } from "node:timers/promises";
import { ExitCode } from "../plan/population";
import { LoaderError, PassingError } from "./errors";

const mostAttempts = 5;
const firstPauseMilliseconds = 500;

/** Decides whether something that failed is tried again, and waits before it is. */
export class Backoff {
  private failures = 0;

  constructor(private readonly signal: AbortSignal) {}

  /** Forgets earlier failures: what is tried again gets on. */
  progressed(): void {
    this.failures = 0;
  }

  /**
   * Waits, twice as long as the time before and never exactly as long as others do.
   *
   * @throws LoaderError with exit code 69 after too many failures in a row
   * @throws the error itself where another attempt is of no use
   */
  async failed(error: unknown): Promise<void> {
    if (!(error instanceof PassingError)) throw error;
    this.failures++;
    if (this.failures >= mostAttempts) {
      throw new LoaderError(
        ExitCode.Unavailable,
        `${error.message} (${mostAttempts} attempts); check the source's endpoint and the network`,
        { cause: error },
      );
    }
    const longest = firstPauseMilliseconds * 2 ** (this.failures - 1);
    await sleep(longest * (0.5 + Math.random() / 2), undefined, { signal: this.signal });
  }
}

/** Tries until it works. */
export async function persistently<T>(attempt: () => Promise<T>, signal: AbortSignal): Promise<T> {
  const backoff = new Backoff(signal);
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      await backoff.failed(error);
    }
  }
}

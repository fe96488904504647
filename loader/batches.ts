import type { IncomingMessage } from "node:http";
import { PassingError } from "./errors";

/** How many bytes are handed on at a time: large enough that a write's own cost does not show. */
const batchBytes = 1024 * 1024;

/**
 * Hands a body on in batches, holding at most two of them: one is consumed while the next one fills.
 *
 * @param consume - is not called again before it is done
 * @throws PassingError when the body breaks off; what was consumed until then stays consumed
 */
export function inBatches(
  body: IncomingMessage,
  consume: (batch: readonly Buffer[]) => Promise<void>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let batch: Buffer[] = [];
    let size = 0;
    let busy = false;
    let ended = false;
    let isUseless = false;
    let failure: Error | undefined;
    const { timeout } = body.socket;

    const settle = (): void => {
      if (busy) return;
      const isLast = ended || failure !== undefined;
      if (!isUseless && (size >= batchBytes || (isLast && size > 0))) flush();
      else if (failure !== undefined) reject(failure);
      else if (ended) resolve();
      else if (body.isPaused()) {
        body.socket.setTimeout(timeout ?? 0);
        body.resume();
      }
    };
    const fail = (error: Error): void => {
      failure ??= error;
      body.destroy();
      settle();
    };
    const flush = (): void => {
      const full = batch;
      batch = [];
      size = 0;
      busy = true;
      consume(full)
        .catch((error: unknown) => {
          isUseless = true;
          fail(error as Error);
        })
        .finally(() => {
          busy = false;
          settle();
        });
    };

    body.on("data", (chunk: Buffer) => {
      batch.push(chunk);
      size += chunk.length;
      if (size < batchBytes) return;
      if (busy) {
        // A volume that takes its time is no reason to give the connection up.
        body.socket.setTimeout(0);
        body.pause();
      } else flush();
    });
    body.on("end", () => {
      ended = true;
      settle();
    });
    body.on("error", (error) => {
      fail(new PassingError(`the connection broke off: ${error.message}`, { cause: error }));
    });
    body.on("close", () => {
      if (!ended) fail(new PassingError("the connection broke off"));
    });
  });
}

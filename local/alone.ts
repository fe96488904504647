import { createServer, type Server } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

/**
 * Does the work while no other process on this machine does work under the same name; waits for its turn.
 *
 * @remarks The lock is an abstract Unix socket: the kernel frees it when its holder ends, however it ends, and no file
 * is left.
 */
export async function alone<T>(name: string, work: () => Promise<T>): Promise<T> {
  const server = createServer();
  while (!(await taken(server, `\0modelstore-${name}`))) await pause(100);
  try {
    return await work();
  } finally {
    server.close();
  }
}

function taken(server: Server, path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      if (error.code === "EADDRINUSE") resolve(false);
      else reject(error);
    };
    server.once("error", failed);
    server.listen(path, () => {
      server.off("error", failed);
      resolve(true);
    });
  });
}

/**
 * The hub as a process: `main.ts --root DIR [--listen HOST:PORT] [--cdn-listen HOST:PORT]`.
 * A stand-in for the Hugging Face hub; it serves what `Repositories` keeps under DIR until it gets SIGTERM or SIGINT.
 */
import { parseArgs } from "node:util";
import { startHub } from "./hub";
import type { Address } from "./server";

const USAGE = "usage: main.ts --root DIR [--listen HOST:PORT] [--cdn-listen HOST:PORT]";

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      root: { type: "string" },
      listen: { type: "string", default: "127.0.0.1:8000" },
      "cdn-listen": { type: "string", default: "127.0.0.1:8001" },
    },
  });
  if (values.root === undefined) throw new TypeError("--root is missing");
  const hub = await startHub({
    root: values.root,
    listen: parseAddress("--listen", values.listen),
    cdnListen: parseAddress("--cdn-listen", values["cdn-listen"]),
  });
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => {
      void hub.close();
    });
  }
  console.log(`hub: serving ${values.root} at ${hub.url}, large files at ${hub.cdnUrl}`);
}

function parseAddress(option: string, value: string): Address {
  const match = /^(.+):(\d+)$/.exec(value);
  const [, host, port] = match ?? [];
  if (host === undefined || Number(port) > 65_535) {
    throw new TypeError(`${option} is ${JSON.stringify(value)}, expected HOST:PORT`);
  }
  return { host, port: Number(port) };
}

main().catch((error: unknown) => {
  // What parseArgs and this file throw for a wrong command line are TypeErrors.
  const usage = error instanceof TypeError;
  console.error(`hub: ${(error as Error).message}${usage ? `\n${USAGE}` : ""}`);
  process.exitCode = usage ? 64 : 1;
});

import type { IncomingMessage } from "node:http";
import { Refusal } from "./answer";

/** Reads a request's body whole; it is at most 1 MiB. */
export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > 1 << 20) throw new Refusal(413, "the request's body is longer than 1 MiB");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** @throws Refusal (400) where the text is not JSON */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Refusal(400, `the request's body is not JSON: ${(error as Error).message}`);
  }
}

import { open, type FileHandle } from "node:fs/promises";
import type { OutgoingHttpHeaders, ServerResponse } from "node:http";
import { pipeline, Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { createGzip } from "node:zlib";
import { sendHeaders, type Exchange } from "./answer";
import type { BodyFault } from "./faults";
import { parseRange, type ByteRange } from "./range";

/** Bytes read and sent at a time: large enough that system calls cost little beside copying. */
const CHUNK = 1 << 20;

/** Sends a file, or the part of it that was asked for, without ever holding more than a few chunks of it. */
export async function sendContent(
  exchange: Exchange,
  file: string,
  etag: string,
  headers: OutgoingHttpHeaders,
): Promise<void> {
  const handle = await open(file);
  try {
    await sendFrom(handle, exchange, exchange.etag ?? etag, headers);
  } finally {
    await handle.close();
  }
}

async function sendFrom(
  handle: FileHandle,
  exchange: Exchange,
  etag: string,
  headers: OutgoingHttpHeaders,
): Promise<void> {
  const { request, response, log } = exchange;
  const { size } = await handle.stat();
  const isHead = request.method === "HEAD";
  const wanted = parseRange(request.headers.range, size);
  const fault = isHead
    ? {}
    : exchange.faults.body(
        exchange.target,
        typeof wanted === "object" ? wanted.end - wanted.start : size,
      );
  // A condition that fails asks for the whole file as it is now.
  const condition = request.headers["if-range"];
  const ignored = fault.ignoreRange === true || (condition !== undefined && condition !== etag);
  const range = ignored ? undefined : wanted;
  const common = { ...headers, "Accept-Ranges": "bytes", ETag: etag };
  if (range === "unsatisfiable") {
    sendHeaders(exchange, 416, { ...common, "Content-Range": `bytes */${size}` });
    return;
  }

  const { start, end } = truncated(range ?? { start: 0, end: size }, fault);
  const partial = range !== undefined;
  response.writeHead(partial ? 206 : 200, {
    "Content-Type": "application/octet-stream",
    ...common,
    ...(partial && { "Content-Range": `bytes ${start}-${end - 1}/${size}` }),
    ...(fault.gzip === true && { "Content-Encoding": "gzip" }),
    ...(fault.gzip !== true &&
      fault.endless !== true && { "Content-Length": end - start + (fault.extraBytes ?? 0) }),
  });
  log.status = partial ? 206 : 200;
  if (!isHead)
    await transmit(exchange, compressed(bytes(handle, { start, end }, fault), fault), fault);
  response.end();
}

function truncated(
  { start, end }: ByteRange,
  { truncateToBytes = Infinity }: BodyFault,
): ByteRange {
  return { start, end: Math.min(end, start + truncateToBytes) };
}

async function* bytes(
  handle: FileHandle,
  { start, end }: ByteRange,
  { flipBitAt, extraBytes = 0, endless = false }: BodyFault,
): AsyncGenerator<Buffer> {
  if (end > start) {
    const options = { start, end: end - 1, highWaterMark: CHUNK, autoClose: false };
    let offset = start;
    for await (const chunk of handle.createReadStream(options) as AsyncIterable<Buffer>) {
      const flipped = (flipBitAt ?? -1) - offset;
      if (flipped >= 0 && flipped < chunk.length) {
        chunk.writeUInt8(chunk.readUInt8(flipped) ^ 1, flipped);
      }
      yield chunk;
      offset += chunk.length;
    }
  }
  for (let left = endless ? Infinity : extraBytes; left > 0; left -= CHUNK) {
    yield Buffer.alloc(Math.min(left, CHUNK));
  }
}

function compressed(chunks: AsyncIterable<Buffer>, { gzip }: BodyFault): AsyncIterable<Buffer> {
  if (gzip !== true) return chunks;
  // A failure destroys the last stream of the pipeline, and so reaches whoever reads it.
  return pipeline(Readable.from(chunks), createGzip(), () => undefined) as AsyncIterable<Buffer>;
}

/** Hands chunks to the connection at its own pace, or the fault's. Returns early when the client has left. */
async function transmit(
  { response, log }: Exchange,
  chunks: AsyncIterable<Buffer>,
  { bytesPerSecond, cutAfterBytes = Infinity, stallAfterBytes = Infinity }: BodyFault,
): Promise<void> {
  const began = performance.now();
  const slice = bytesPerSecond === undefined ? CHUNK : Math.max(1, Math.ceil(bytesPerSecond / 20));
  const stop = Math.min(cutAfterBytes, stallAfterBytes);
  for await (const chunk of chunks) {
    for (let from = 0; from < chunk.length; from += slice) {
      const piece = chunk.subarray(from, Math.min(from + slice, from + stop - log.bytesSent));
      log.bytesSent += piece.length;
      if (!(await write(response, piece))) return;
      if (log.bytesSent >= stop) {
        if (cutAfterBytes <= stallAfterBytes) await cut(response);
        else await closed(response);
        return;
      }
      if (bytesPerSecond !== undefined) {
        const due = began + (log.bytesSent / bytesPerSecond) * 1000;
        await pause(response, due - performance.now());
      }
    }
  }
}

/** Waits so long, or until the client leaves. */
export async function pause(response: ServerResponse, milliseconds: number): Promise<void> {
  if (milliseconds <= 0) return;
  await Promise.race([sleep(milliseconds, undefined, { ref: false }), closed(response)]);
}

/** Writes once there is room. @returns false when the client has left */
async function write(response: ServerResponse, chunk: Buffer): Promise<boolean> {
  if (response.destroyed) return false;
  if (!response.write(chunk)) {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        response.off("drain", done).off("close", done);
        resolve();
      };
      response.once("drain", done).once("close", done);
    });
  }
  return !response.destroyed;
}

/** Closes the connection in the middle of an answer, once what was written before is on its way. */
async function cut(response: ServerResponse): Promise<void> {
  await new Promise<void>((resolve) => {
    response.once("close", resolve);
    response.write(Buffer.alloc(0), () => response.destroy());
  });
}

async function closed(response: ServerResponse): Promise<void> {
  if (response.destroyed) return;
  await new Promise<void>((resolve) => {
    response.once("close", resolve);
  });
}

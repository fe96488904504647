import { open, type FileHandle } from "node:fs/promises";
import type { OutgoingHttpHeaders, ServerResponse } from "node:http";
import { pipeline } from "node:stream";
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
  if (!isHead) {
    const chunks = bytes(handle, { start, end }, fault);
    await transmit(exchange, compressed(chunks, fault), fault);
  }
  response.end();
}

function truncated(
  { start, end }: ByteRange,
  { truncateToBytes = Infinity }: BodyFault,
): ByteRange {
  return { start, end: Math.min(end, start + truncateToBytes) };
}

/**
 * The bytes of a file from one offset up to another, and the zeros after it that a fault demands.
 * Two buffers take turns, since a fresh one for each chunk costs more than reading into it:
 * a chunk is good until the one after the next is asked for.
 */
async function* bytes(
  handle: FileHandle,
  { start, end }: ByteRange,
  { flipBitAt = -1, extraBytes = 0, endless = false }: BodyFault,
): AsyncGenerator<Buffer> {
  const length = Math.min(CHUNK, end - start);
  let [buffer, next] = [Buffer.allocUnsafeSlow(length), Buffer.allocUnsafeSlow(length)];
  for (let offset = start; offset < end;) {
    const { bytesRead } = await handle.read(buffer, 0, Math.min(length, end - offset), offset);
    if (bytesRead === 0) throw new Error("the file became shorter while it was sent");
    const chunk = buffer.subarray(0, bytesRead);
    const flipped = flipBitAt - offset;
    if (flipped >= 0 && flipped < chunk.length) {
      chunk.writeUInt8(chunk.readUInt8(flipped) ^ 1, flipped);
    }
    yield chunk;
    offset += bytesRead;
    [buffer, next] = [next, buffer];
  }
  for (let left = endless ? Infinity : extraBytes; left > 0; left -= CHUNK) {
    yield Buffer.alloc(Math.min(left, CHUNK));
  }
}

function compressed(chunks: AsyncIterable<Buffer>, { gzip }: BodyFault): AsyncIterable<Buffer> {
  if (gzip !== true) return chunks;
  // A failure destroys the last stream of the pipeline, and so reaches whoever reads it.
  return pipeline(copies(chunks), createGzip(), () => undefined) as AsyncIterable<Buffer>;
}

async function* copies(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) yield Buffer.from(chunk);
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
  let previous = Promise.resolve();
  for await (const chunk of chunks) {
    for (let from = 0; from < chunk.length; from += slice) {
      const piece = chunk.subarray(from, Math.min(from + slice, from + stop - log.bytesSent));
      if (bytesPerSecond !== undefined) {
        const due = began + ((log.bytesSent + piece.length) / bytesPerSecond) * 1000;
        await pause(response, Math.max(0, due - performance.now()));
      }
      log.bytesSent += piece.length;
      const written = write(response, piece);
      await previous;
      previous = written;
      if (response.destroyed) return;
      if (log.bytesSent >= stop) {
        await written;
        if (cutAfterBytes <= stallAfterBytes) response.destroy();
        else await closed(response);
        return;
      }
    }
  }
}

/** Waits so long, or until the client leaves. */
export function pause(response: ServerResponse, milliseconds: number): Promise<void> {
  return unlessClosed(response, (done) => {
    setTimeout(done, milliseconds).unref();
  });
}

/** Resolves when the chunk has been handed to the system, or the client has left. */
function write(response: ServerResponse, chunk: Buffer): Promise<void> {
  return unlessClosed(response, (done) => {
    response.write(chunk, done);
  });
}

function closed(response: ServerResponse): Promise<void> {
  return unlessClosed(response, () => undefined);
}

/** Resolves when what `begin` begins is done, or the client has left. */
async function unlessClosed(
  response: ServerResponse,
  begin: (done: () => void) => void,
): Promise<void> {
  if (response.destroyed) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      response.off("close", done);
      resolve();
    };
    response.once("close", done);
    begin(done);
  });
}

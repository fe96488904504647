import { open, rm, type FileHandle } from "node:fs/promises";
import { FileDigest } from "./digest";
import { partsOf, type FilePart } from "./filePart";
import type { SourceFile } from "./source";

const readBackBytes = 1024 * 1024;

/**
 * One attempt at a file on the volume: parts are written wherever they belong and hashed in the file's order, from
 * memory where a part arrives just when its turn is, else by reading back what another stream wrote meanwhile.
 */
export class FileAttempt {
  readonly parts: readonly FilePart[];
  /** Says to the streams of this attempt that there is no use in going on. */
  readonly abandoned = new AbortController();
  /** How many streams are at it. */
  streams = 0;
  private readonly digest: FileDigest;
  private readonly handle: Promise<FileHandle>;
  private hashed = 0;
  private catchingUp: Promise<void> | undefined;

  constructor(
    readonly file: SourceFile,
    path: string,
    partBytes: number,
  ) {
    this.parts = partsOf(file.size, partBytes);
    this.digest = new FileDigest(file);
    // A new file each time: a write of an earlier attempt that is still on its way must not end up in this one.
    this.handle = rm(path, { force: true }).then(() => open(path, "wx+", 0o644));
    // Whoever writes gets the error; until then it is nobody's.
    this.handle.catch(() => undefined);
  }

  get isWhole(): boolean {
    return this.parts.every((part) => part.isWhole);
  }

  /** Writes bytes at a part's position and moves it on. */
  async write(part: FilePart, buffers: readonly Buffer[]): Promise<void> {
    const handle = await this.handle;
    const size = buffers.reduce((sum, { length }) => sum + length, 0);
    const written = writeWhole(handle, buffers, size, part.position);
    const isTurn = this.catchingUp === undefined && part.position === this.hashed;
    if (isTurn) {
      // While the operating system writes.
      for (const buffer of buffers) this.digest.update(buffer);
      this.hashed += size;
    }
    await written;
    part.position += size;
    this.catchUp(handle);
  }

  /** Waits until a part is on the disk, so that what is not yet never grows large. */
  async flush(): Promise<void> {
    await (await this.handle).datasync();
  }

  /**
   * Ends the attempt once all parts are whole.
   *
   * @returns the file's SHA-256
   * @throws MismatchError when the bytes are not those that the source states
   */
  async finish(): Promise<string> {
    const handle = await this.handle;
    while (this.hashed < this.file.size) {
      this.catchUp(handle);
      await this.catchingUp;
    }
    await handle.sync();
    return this.digest.verify();
  }

  /** Gives the file back; its parts must have no stream any more. */
  async close(): Promise<void> {
    const handle = await this.handle;
    await this.catchingUp?.catch(() => undefined);
    await handle.close();
  }

  private catchUp(handle: FileHandle): void {
    if (this.catchingUp !== undefined || this.readable() === 0) return;
    this.catchingUp = this.readBack(handle).finally(() => {
      this.catchingUp = undefined;
    });
    // finish() does again what fails here, and reports it.
    this.catchingUp.catch(() => undefined);
  }

  private async readBack(handle: FileHandle): Promise<void> {
    const buffer = Buffer.allocUnsafe(readBackBytes);
    for (let length = this.readable(); length > 0; length = this.readable()) {
      const { bytesRead } = await handle.read(
        buffer,
        0,
        Math.min(length, readBackBytes),
        this.hashed,
      );
      if (bytesRead === 0) throw new Error(`${this.file.path} is shorter than what was written`);
      this.digest.update(buffer.subarray(0, bytesRead));
      this.hashed += bytesRead;
    }
  }

  /** How many bytes after those that are hashed are on the volume without a gap. */
  private readable(): number {
    const part = this.parts.find(({ start, end }) => start <= this.hashed && this.hashed < end);
    return part === undefined ? 0 : Math.max(0, part.position - this.hashed);
  }
}

async function writeWhole(
  handle: FileHandle,
  buffers: readonly Buffer[],
  size: number,
  position: number,
): Promise<void> {
  const { bytesWritten } = await handle.writev(buffers, position);
  if (bytesWritten === size) return;
  // A volume that is nearly full takes a part, and says why when it is asked for the rest.
  const rest = Buffer.concat(buffers).subarray(bytesWritten);
  await writeWhole(handle, [rest], rest.length, position + bytesWritten);
}

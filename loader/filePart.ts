import type { ByteRange } from "./source";

/** A part of a file that one stream fetches. */
export class FilePart implements ByteRange {
  /** Up to here its bytes are written. */
  position: number;

  constructor(
    readonly start: number,
    readonly end: number,
  ) {
    this.position = start;
  }

  get isWhole(): boolean {
    return this.position === this.end;
  }
}

/** Cuts a file into parts; an empty file is one part too. */
export function partsOf(size: number, partBytes: number): readonly FilePart[] {
  const count = Math.max(1, Math.ceil(size / partBytes));
  return Array.from(
    { length: count },
    (_, index) => new FilePart(index * partBytes, Math.min(size, (index + 1) * partBytes)),
  );
}

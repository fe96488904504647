import { createHash, type Hash } from "node:crypto";
import { MismatchError } from "./errors";
import type { SourceFile } from "./source";

/** Hashes a file's bytes, handed over in order: SHA-256 for the manifest, and what the source states. */
export class FileDigest {
  private readonly sha256 = createHash("sha256");
  private readonly gitBlob: Hash | undefined;

  constructor(private readonly file: SourceFile) {
    if (file.digest.algorithm === "git-blob") {
      this.gitBlob = createHash("sha1").update(`blob ${file.size}\0`);
    }
  }

  update(bytes: Uint8Array): void {
    this.sha256.update(bytes);
    this.gitBlob?.update(bytes);
  }

  /**
   * Ends it.
   *
   * @returns the SHA-256
   * @throws MismatchError when the bytes are not those that the source states
   */
  verify(): string {
    const { algorithm, hex: expected } = this.file.digest;
    const sha256 = this.sha256.digest("hex");
    const actual = this.gitBlob === undefined ? sha256 : this.gitBlob.digest("hex");
    if (actual !== expected) {
      throw new MismatchError(`expected ${algorithm} ${expected}, got ${actual}`);
    }
    return sha256;
  }
}

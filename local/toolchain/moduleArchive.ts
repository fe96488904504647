import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join, normalize, sep } from "node:path";
import { inflateRawSync } from "node:zlib";

/** The Go module proxies to ask, in turn: those of `GOPROXY`, or Google's. */
export function moduleProxies(): string[] {
  const configured = process.env["GOPROXY"] ?? "";
  const proxies = configured.split(/[,|]/).filter((entry) => /^https?:/.test(entry));
  return proxies.length > 0 ? proxies : ["https://proxy.golang.org"];
}

/**
 * A file of a module proxy.
 *
 * @throws Error that tells why each of the proxies could not give it
 */
export async function download(path: string, proxies: readonly string[]): Promise<Buffer> {
  const reasons: string[] = [];
  for (const proxy of proxies) {
    const url = `${proxy.replace(/\/$/, "")}/${path}`;
    try {
      const response = await fetch(url);
      if (response.ok) return Buffer.from(await response.arrayBuffer());
      reasons.push(`${url}: ${response.status} ${response.statusText}`);
    } catch (error) {
      const { message, cause } = error as Error;
      reasons.push(`${url}: ${cause instanceof Error ? cause.message : message}`);
    }
  }
  throw new Error(`cannot download from the Go module proxy (GOPROXY):\n  ${reasons.join("\n  ")}`);
}

/**
 * Unpacks a module's archive into a folder, without the prefix that all of its files have.
 *
 * @param prefix - path and version of the module
 * @param hash - of its contents, as `go.sum` has it
 * @throws Error if the contents are others
 */
export async function unpackModule(
  archive: Buffer,
  prefix: string,
  hash: string,
  folder: string,
): Promise<void> {
  const files = [...zipEntries(archive)].map(({ name, content }) => ({ name, content: content() }));
  const found = moduleHash(files);
  if (found !== hash) {
    throw new Error(
      `the archive of ${prefix} has the hash ${found}, expected ${hash}; the proxy gave something else than sum.golang.org knows`,
    );
  }
  for (const { name, content } of files) {
    const path = normalize(name.slice(prefix.length + 1));
    if (!name.startsWith(`${prefix}/`) || path.startsWith(`..${sep}`)) {
      throw new Error(
        `the archive of ${prefix} has a file ${JSON.stringify(name)}, which is outside of it`,
      );
    }
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}

/**
 * The hash of a module's files by which `go.sum` and sum.golang.org know them.
 *
 * @see https://pkg.go.dev/golang.org/x/mod/sumdb/dirhash#Hash1
 */
export function moduleHash(files: readonly { name: string; content: Buffer }[]): string {
  const lines = files
    .map(({ name, content }) => ({
      name: Buffer.from(name),
      digest: sha256(content).toString("hex"),
    }))
    .sort((a, b) => Buffer.compare(a.name, b.name))
    .map(({ name, digest }) => `${digest}  ${name.toString()}\n`);
  return `h1:${sha256(Buffer.from(lines.join(""))).toString("base64")}`;
}

function sha256(content: Buffer): Buffer {
  return createHash("sha256").update(content).digest();
}

/**
 * The files of a ZIP archive. Module archives need no more of the format than this: no encryption, no parts, no ZIP64.
 *
 * @see https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT sections 4.3.7, 4.3.12 and 4.3.16
 */
function* zipEntries(archive: Buffer): Generator<{ name: string; content: () => Buffer }> {
  const end = archive.lastIndexOf(Buffer.from("PK\x05\x06"));
  if (end < 0) throw new Error("the file is not a ZIP archive, or is cut short");
  const count = archive.readUInt16LE(end + 10);
  let at = archive.readUInt32LE(end + 16);
  for (let entry = 0; entry < count; entry += 1) {
    const method = archive.readUInt16LE(at + 10);
    const packedBytes = archive.readUInt32LE(at + 20);
    const nameBytes = archive.readUInt16LE(at + 28);
    const extraBytes = archive.readUInt16LE(at + 30);
    const commentBytes = archive.readUInt16LE(at + 32);
    const header = archive.readUInt32LE(at + 42);
    const name = archive.toString("utf8", at + 46, at + 46 + nameBytes);
    at += 46 + nameBytes + extraBytes + commentBytes;
    if (name.endsWith("/")) continue;

    // The local header repeats the name and has extra fields of its own length.
    const from =
      header + 30 + archive.readUInt16LE(header + 26) + archive.readUInt16LE(header + 28);
    const packed = archive.subarray(from, from + packedBytes);
    yield { name, content: () => (method === 0 ? packed : inflateRawSync(packed)) };
  }
}

/** This machine, in Go's words. */
export interface GoPlatform {
  readonly os: string;
  readonly architecture: "amd64" | "arm64";
}

const architectures = new Map<string, GoPlatform["architecture"]>([
  ["arm64", "arm64"],
  ["x64", "amd64"],
]);

/**
 * The operating system and processor that programs are built for: this machine's.
 *
 * @throws Error on processors other than x86-64 and ARM64
 */
export function goPlatform(): GoPlatform {
  const architecture = architectures.get(process.arch);
  if (architecture !== undefined) return { os: process.platform, architecture };
  throw new Error(
    `nothing is built for processors of type ${process.arch}; use an x86-64 or ARM64 machine, or an existing cluster`,
  );
}

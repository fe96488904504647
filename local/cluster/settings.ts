import { readFileSync, writeFileSync } from "node:fs";
import type { Link } from "./network";

/** The programs that make up the embedded node, by the names under which the toolchain hands them out. */
export const binaries = [
  "etcd",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kubelet",
  "kube-proxy",
  "kubectl",
  "kwok",
  "csi-driver",
  "csi-provisioner",
  "csi-attacher",
  "csi-resizer",
  "csi-snapshotter",
  "snapshot-controller",
] as const;

/** A program of the embedded node. */
export type Binary = (typeof binaries)[number];

/** An OCI archive to be imported under a name. */
export interface ImageArchive {
  /** The image's full name, with its tag. */
  readonly name: string;
  /** Path of the archive. */
  readonly archive: string;
}

/** The images of the embedded node. */
export interface NodeImages {
  /** Name of the image that holds a pod's namespaces open; one of the archives. */
  readonly pause: string;
  readonly archives: readonly ImageArchive[];
  /**
   * A folder that every container sees, read-only, at /opt/vllm.
   *
   * @defaultValue - no such mount
   */
  readonly vllm?: string;
}

/** What the supervisor needs to know: written by the command that starts it, read by it within the node. */
export interface Settings {
  readonly state: string;
  /** Folders beside the state that have to stay in view: the checkout and the cache. */
  readonly kept: readonly string[];
  readonly link: Link;
  readonly binaries: Readonly<Record<Binary, string>>;
  /** Root of the unpacked Debian packages. */
  readonly packages: string;
  /** Folder of the upstream manifests of the CSI sidecars. */
  readonly manifests: string;
  readonly images: NodeImages;
  /** Command line of the model hub; it listens on port 8000. */
  readonly hub?: readonly string[];
  /** Whether simulated nodes are looked after. */
  readonly kwok: boolean;
}

/** Writes the settings for the supervisor. */
export function writeSettings(file: string, settings: Settings): void {
  writeFileSync(file, `${JSON.stringify(settings, undefined, 2)}\n`);
}

/** Reads the settings that {@link writeSettings} wrote. */
export function readSettings(file: string): Settings {
  return JSON.parse(readFileSync(file, "utf8")) as Settings;
}

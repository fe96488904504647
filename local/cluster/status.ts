import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { formatTable } from "../table";

/**
 * What a part of the node is doing:
 * `waiting` for another part, `starting`, `ready`, `restarting` after it ended by itself, `stopped`.
 */
export type PartState = "waiting" | "starting" | "ready" | "restarting" | "stopped";

/** What the supervisor says about a service or a task. */
export interface PartStatus {
  readonly name: string;
  readonly state: PartState;
  /** The service's process, as seen from the machine; in the supervisor's own record, as seen from the node. */
  readonly pid?: number;
  /** When it came into this state, as ISO 8601. */
  readonly since: string;
  /** How often it was started again. */
  readonly restarts: number;
  /** How it last ended or failed. */
  readonly trouble?: string;
}

/** What the supervisor says about the node. */
export interface NodeStatus {
  readonly phase: "starting" | "running" | "stopping";
  readonly parts: readonly PartStatus[];
}

/** Writes the status; a reader sees the old one or the new one, whole. */
export function writeStatus(file: string, status: NodeStatus): void {
  writeFileSync(`${file}.new`, `${JSON.stringify(status, undefined, 2)}\n`);
  renameSync(`${file}.new`, file);
}

/** Reads the last status that was written; undefined when there is none. */
export function readStatus(file: string): NodeStatus | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as NodeStatus;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** The status of the parts as a table for people. */
export function formatParts(parts: readonly PartStatus[], now: Date = new Date()): string {
  return formatTable([
    ["SERVICE", "STATE", "PID", "FOR", "RESTARTS", "LAST TROUBLE"],
    ...parts.map((part) => [
      part.name,
      part.state,
      part.pid === undefined ? "-" : String(part.pid),
      formatDuration((now.getTime() - Date.parse(part.since)) / 1000),
      String(part.restarts),
      part.trouble ?? "",
    ]),
  ]);
}

/** A duration in its two largest units. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${whole % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

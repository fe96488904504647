import type { Problem } from "./problems";

/** What planning brings to light beside the plan itself. */
export interface Findings {
  readonly problems: Problem[];
  readonly warnings: string[];
  /** Whether an entry was left out because of problems of its own, so that what refers to it is not at fault. */
  readonly leftOut: LeftOut;
}

/** Tells entries that are there but could not be read from those that are not there. */
export type LeftOut = (kind: "storage" | "volumes", name: string) => boolean;

/** An own entry of a record: names come from users, and `constructor` is a good name for a volume. */
export function entryOf<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

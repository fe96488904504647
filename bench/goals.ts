import { peerNames } from "./peers";
import type { Spread } from "./rounds";

/** How an area's contender is to compare with one of its peers. */
export interface Goal {
  readonly area: string;
  /** The name of the contender that is ours. */
  readonly contender: string;
  readonly peer: string;
  /** The most that the median ratio of the contender's time to its peer's may be. */
  readonly mostRatio: number;
}

/** Every goal that `npm run bench` holds the project to. */
export const goals: readonly Goal[] = [
  // Equal work: every hash compared, every byte on the disk. Measured on two busy processors: 0.59 (0.44 to 0.66).
  // Beside `hf download` alone, which compares no hashes, the loader took from 0.64 in memory to 1.00 on a disk that
  // others kept busy, since such a disk takes what it takes from both; that one is shown without a goal.
  { area: "loader", contender: "loader", peer: peerNames.hfVerified, mostRatio: 1 },
];

/** Whether a goal was reached; `not measured` where its peer could not run here. */
export type Verdict = "met" | "missed" | "not measured";

/** Holds a measured ratio against a goal. */
export function judge(goal: Goal, ratio: Spread | undefined): Verdict {
  if (ratio === undefined) return "not measured";
  return ratio.median <= goal.mostRatio ? "met" : "missed";
}

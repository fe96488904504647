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
  { area: "loader", contender: "loader", peer: "hf", mostRatio: 1 },
];

/** Whether a goal was reached; `not measured` where its peer could not run here. */
export type Verdict = "met" | "missed" | "not measured";

/** Holds a measured ratio against a goal. */
export function judge(goal: Goal, ratio: Spread | undefined): Verdict {
  if (ratio === undefined) return "not measured";
  return ratio.median <= goal.mostRatio ? "met" : "missed";
}

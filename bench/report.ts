import { cpus } from "node:os";
import { formatTable } from "../local/table";
import { goals, judge, type Verdict } from "./goals";
import type { Absence, Contender } from "./race";
import { ratios, secondsOf, spread, type Round, type Spread } from "./rounds";

/** What an area measured. */
export interface Measurement {
  readonly area: string;
  /** What was done, for the heading. */
  readonly task: string;
  /** How much each contender moved. */
  readonly bytes: number;
  readonly rounds: readonly Round[];
  /** The first one is ours, the others are its peers. */
  readonly contenders: readonly Pick<Contender, "name" | "does">[];
  readonly absences: readonly Absence[];
}

/** A measurement with what follows from it; what `--json` writes. */
export interface Report extends Measurement {
  /** The machine, since only ratios say something about another one. */
  readonly machine: { readonly processors: number; readonly node: string };
  readonly ratios: readonly RatioReport[];
}

/** Ours beside one peer. */
export interface RatioReport extends Partial<Spread> {
  readonly contender: string;
  readonly peer: string;
  /** The most that the median may be; undefined where there is no goal. */
  readonly mostRatio?: number;
  readonly verdict?: Verdict;
}

/** Draws the conclusions from a measurement. */
export function report(measurement: Measurement): Report {
  const { area, contenders, absences, rounds } = measurement;
  const [ours, ...peers] = contenders.map(({ name }) => name);
  if (ours === undefined) throw new RangeError(`${area} measured nothing`);
  const measured = peers.map((peer) => ({
    peer,
    spread: spread(ratios(rounds, ours, peer)),
  }));
  const missing = absences.map(({ name }) => ({ peer: name, spread: undefined }));
  return {
    ...measurement,
    machine: { processors: cpus().length, node: process.version },
    ratios: [...measured, ...missing].map(({ peer, spread }) => {
      const goal = goals.find(
        (each) => each.area === area && each.contender === ours && each.peer === peer,
      );
      return {
        contender: ours,
        peer,
        ...spread,
        ...(goal && { mostRatio: goal.mostRatio, verdict: judge(goal, spread) }),
      };
    }),
  };
}

/** The report as tables: what each contender took, and what that means. */
export function renderReport(report: Report): string {
  const { area, task, bytes, rounds, contenders, absences, machine } = report;
  const times = contenders.map(({ name, does }) => {
    const seconds = spread(secondsOf(rounds, name));
    const rate = bytes / 2 ** 20 / seconds.median;
    return [name, ...cells(seconds), rate.toFixed(0), does];
  });
  const absent = absences.map(({ name, why }) => [
    name,
    "-",
    "-",
    "-",
    "-",
    `not measured: ${why}`,
  ]);
  const comparisons = report.ratios.map((ratio) => [
    `${ratio.contender} / ${ratio.peer}`,
    ...(isSpread(ratio) ? cells(ratio) : ["-", "-", "-"]),
    ratio.mostRatio === undefined ? "-" : `<= ${ratio.mostRatio.toFixed(2)}`,
    ratio.verdict ?? "",
  ]);
  return [
    `${area}: ${task}; ${rounds.length} rounds on ${machine.processors} processors, Node ${machine.node}`,
    "",
    formatTable([["", "MEDIAN s", "MIN s", "MAX s", "MiB/s", "WHAT IT DOES"], ...times, ...absent]),
    "",
    formatTable([["TIME RATIO", "MEDIAN", "MIN", "MAX", "GOAL", ""], ...comparisons]),
  ].join("\n");
}

function isSpread(ratio: Partial<Spread>): ratio is Spread {
  return ratio.median !== undefined;
}

function cells({ median, min, max }: Spread): string[] {
  return [median, min, max].map((value) => value.toFixed(2));
}

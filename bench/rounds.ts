/** Seconds that each contender took in one round, by name. */
export type Round = Readonly<Record<string, number>>;

/** A distribution in three numbers; nothing is assumed of its shape. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/**
 * The median, the least and the greatest of some numbers; of an even count, the median lies between the middle two.
 *
 * @throws RangeError when there are none
 */
export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const [min, max] = [sorted[0], sorted[sorted.length - 1]];
  const [lower, upper] = [
    sorted[Math.floor((sorted.length - 1) / 2)],
    sorted[Math.floor(sorted.length / 2)],
  ];
  if (min === undefined || max === undefined || lower === undefined || upper === undefined) {
    throw new RangeError("the spread of no values is undefined");
  }
  return { median: (lower + upper) / 2, min, max };
}

/** The seconds of one contender, round by round. */
export function secondsOf(rounds: readonly Round[], contender: string): number[] {
  return rounds.map((round) => {
    const seconds = round[contender];
    if (seconds === undefined) throw new RangeError(`${contender} did not run in every round`);
    return seconds;
  });
}

/**
 * How many times as long as its peer a contender took, round by round.
 *
 * The two runs of a round are neighbours in time, so what else the machine does weighs on both alike; that is why
 * ratios are taken within rounds, and never between medians.
 */
export function ratios(rounds: readonly Round[], contender: string, peer: string): number[] {
  const peerSeconds = secondsOf(rounds, peer);
  return secondsOf(rounds, contender).map((seconds, round) => seconds / (peerSeconds[round] ?? 0));
}

/** The order of a round: each contender goes first as often as any other. */
export function startingOrder<T>(contenders: readonly T[], round: number): T[] {
  const first = contenders.length === 0 ? 0 : round % contenders.length;
  return [...contenders.slice(first), ...contenders.slice(0, first)];
}

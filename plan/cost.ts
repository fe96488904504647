/** What one resource costs a month, or why nobody here can say. */
export interface CostEntry {
  /** US dollars per month; null when the price is not known. */
  readonly usd: number | null;
  /** How the figure came about, or why there is none. */
  readonly basis: string;
}

/**
 * What a stack is expected to cost a month, in US dollars.
 *
 * `total` is null as soon as one entry has no known price: a sum over the rest would read as the whole.
 */
export interface CostEstimate {
  readonly total: number | null;
  /** By resource, e.g. `volumes.weights`. */
  readonly breakdown: Readonly<Record<string, CostEntry>>;
}

/** Adds up what is known. */
export function estimateCost(breakdown: Readonly<Record<string, CostEntry>>): CostEstimate {
  const prices = Object.values(breakdown).map(({ usd }) => usd);
  const known = prices.filter((usd) => usd !== null);
  const total = known.length < prices.length ? null : known.reduce((sum, usd) => sum + usd, 0);
  return { total, breakdown };
}

import type { StorageClassPlan, VolumePlan } from "./plan";
import { quote } from "./problems";

/** What one resource costs a month, or why nobody here can say. */
export interface CostEntry {
  /** US dollars per month; null when the price is not known. */
  readonly usd: number | null;
  /** How the figure came about, or why there is none. */
  readonly basis: string;
}

/**
 * What a stack's storage is expected to cost a month, in US dollars.
 *
 * `total` is null as soon as one entry has no known price: a sum over the rest would read as the whole.
 */
export interface CostEstimate {
  readonly total: number | null;
  /** By resource, e.g. `volumes.weights`. */
  readonly breakdown: Readonly<Record<string, CostEntry>>;
}

/** Prices every volume of a stack. */
export function estimateCost(
  volumes: Readonly<Record<string, VolumePlan>>,
  storageClasses: Readonly<Record<string, StorageClassPlan>>,
): CostEstimate {
  const breakdown = Object.fromEntries(
    Object.entries(volumes).map(([name, volume]) => [
      `volumes.${name}`,
      priceOf(volume, storageClasses[volume.storage]),
    ]),
  );
  const prices = Object.values(breakdown).map(({ usd }) => usd);
  const known = prices.filter((usd) => usd !== null);
  const total = known.length < prices.length ? null : known.reduce((sum, usd) => sum + usd, 0);
  return { total, breakdown };
}

function priceOf(volume: VolumePlan, storageClass: StorageClassPlan | undefined): CostEntry {
  if (storageClass?.type === "local") {
    return {
      usd: 0,
      basis: `${volume.size} of a node's own disk, which is paid for with the node`,
    };
  }
  const className = storageClass?.storageClassName;
  const described =
    className === undefined
      ? "the cluster's default storage class"
      : `storage class ${quote(className)}`;
  return {
    usd: null,
    basis: `${volume.size} in ${described}, whose price only its provider knows`,
  };
}

import { quantityBytes, type Quantity } from "./quantity";

/**
 * The rate that every volume is trusted to reach: 100 MiB/s, a little under what the slowest disks of the clouds
 * guarantee. Budgets come from it, so it errs on the slow side: too long a budget costs nothing while all goes well.
 */
const plannedBytesPerSecond = 100n * 1024n ** 2n;

/** Seconds to read or write a whole volume at the planned rate: an upper bound for the models on it. */
function secondsForAll(size: Quantity): number {
  return Math.ceil(Number(quantityBytes(size)) / Number(plannedBytesPerSecond));
}

/** Seconds after which a population Job is given up: three times what filling the volume takes, at least half an hour. */
export function populationDeadlineSeconds(size: Quantity): number {
  return Math.min(Math.max(1800, 3 * secondsForAll(size)), maxSeconds);
}

/**
 * Seconds that a server has to load its weights before it is restarted: twice what reading the volume takes, at least
 * ten minutes and at most two hours, since one model is rarely all of a large volume.
 */
export function startupBudgetSeconds(size: Quantity): number {
  return Math.min(Math.max(600, 2 * secondsForAll(size)), 7200);
}

/** What Kubernetes' 32-bit fields of seconds hold. */
const maxSeconds = 2 ** 31 - 1;

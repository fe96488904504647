import { quote } from "./problems";

const unitBytes = {
  Ki: 1024n,
  Mi: 1024n ** 2n,
  Gi: 1024n ** 3n,
  Ti: 1024n ** 4n,
  Pi: 1024n ** 5n,
  Ei: 1024n ** 6n,
} as const;

type BinaryUnit = keyof typeof unitBytes;

/**
 * An amount of bytes as Kubernetes writes it, always with a binary unit: `500Gi`, `1.5Ti`.
 *
 * `500GB`, `500G` and a bare `500` do not compile: nobody has to guess whether 1 GB or 1 GiB was meant.
 *
 * @see https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 */
export type Quantity = `${number}${BinaryUnit}`;

/** An amount of processor time as Kubernetes writes it: whole or decimal cores (`2`, `0.5`) or thousandths (`500m`). */
export type CpuQuantity = `${number}` | `${number}m`;

const quantityPattern = /^(\d{1,19})(?:\.(\d{1,9}))?(Ki|Mi|Gi|Ti|Pi|Ei)$/;

/** Kubernetes counts bytes in 63 bits. */
const tooManyBytes = 2n ** 63n;

/** Says whether a value is a {@link Quantity} of more than zero bytes, and of no more than Kubernetes can count. */
export function isQuantity(value: unknown): value is Quantity {
  if (typeof value !== "string" || !quantityPattern.test(value)) return false;
  const bytes = quantityBytes(value as Quantity);
  return bytes > 0n && bytes < tooManyBytes;
}

/** Says whether a value is a {@link CpuQuantity} of more than zero cores. */
export function isCpuQuantity(value: unknown): value is CpuQuantity {
  return (
    typeof value === "string" &&
    /^(\d{1,9}m|\d{1,6}(\.\d{1,3})?)$/.test(value) &&
    /[1-9]/.test(value)
  );
}

/**
 * The bytes that a quantity stands for; a fraction of a byte counts as a whole one, as in Kubernetes.
 *
 * @throws RangeError when the text is no quantity (only possible for text that was never checked).
 */
export function quantityBytes(quantity: Quantity): bigint {
  const match = quantityPattern.exec(quantity);
  if (!match) throw new RangeError(quantityProblem(quantity));
  const [, whole = "0", fraction = "", unit] = match;
  const scale = 10n ** BigInt(fraction.length);
  const scaled = BigInt(whole + fraction) * unitBytes[unit as BinaryUnit];
  return (scaled + scale - 1n) / scale;
}

/** Orders two quantities by size: negative, zero or positive, as `Array.prototype.sort` wants it. */
export function compareQuantities(a: Quantity, b: Quantity): number {
  const difference = quantityBytes(a) - quantityBytes(b);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** The one message for text that is no quantity. */
export function quantityProblem(got: unknown): string {
  return `got ${quote(got)}, expected a Kubernetes quantity with a binary unit such as "500Gi"`;
}

/** Orders two amounts of processor time: negative, zero or positive. */
export function compareCpuQuantities(a: CpuQuantity, b: CpuQuantity): number {
  return millicores(a) - millicores(b);
}

function millicores(cpu: CpuQuantity): number {
  return cpu.endsWith("m") ? Number(cpu.slice(0, -1)) : Math.round(Number(cpu) * 1000);
}

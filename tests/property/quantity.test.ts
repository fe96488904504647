import assert from "node:assert/strict";
import fc from "fast-check";
import { compareQuantities, isQuantity, quantityBytes, type Quantity } from "../../plan/quantity";

const units = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"] as const;

const quantities = fc
  .tuple(
    fc.integer({ min: 1, max: 7 }),
    fc.string({ unit: fc.constantFrom("0", "1", "9"), maxLength: 9 }),
    fc.constantFrom(...units),
  )
  .map(([whole, decimals, unit]): Quantity => {
    const text = decimals === "" ? `${whole}` : `${whole}.${decimals}`;
    return `${text as `${number}`}${unit}`;
  });

describe("quantities", () => {
  it("are what they are said to be", () => {
    fc.assert(fc.property(quantities, (quantity) => isQuantity(quantity)));
  });

  it("are ordered as their bytes are", () => {
    fc.assert(
      fc.property(quantities, quantities, (a, b) => {
        const order = Math.sign(compareQuantities(a, b));
        assert.equal(
          order,
          Number(quantityBytes(a) > quantityBytes(b)) - Number(quantityBytes(a) < quantityBytes(b)),
        );
        assert.equal(order, 0 - Math.sign(compareQuantities(b, a)));
      }),
    );
  });

  it("are told from everything else without an error", () => {
    fc.assert(fc.property(fc.anything(), (value) => typeof isQuantity(value) === "boolean"));
  });

  it("are nothing that cannot be counted", () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom(...units, ""), (text, unit) => {
        const candidate = `${text}${unit}`;
        if (isQuantity(candidate)) assert.ok(quantityBytes(candidate) > 0n);
      }),
    );
  });
});

import assert from "node:assert/strict";
import {
  compareCpuQuantities,
  compareQuantities,
  isCpuQuantity,
  isQuantity,
  quantityBytes,
  quantityProblem,
  type Quantity,
} from "../../plan/quantity";

describe("quantity", () => {
  for (const good of ["1Ki", "500Gi", "1.5Ti", "0.5Mi", "7.9Ei"]) {
    it(`takes ${good}`, () => {
      assert.ok(isQuantity(good));
    });
  }

  const bad = [
    "500GB",
    "500G",
    "500",
    "500gi",
    " 5Gi",
    "5 Gi",
    "-1Gi",
    "+1Gi",
    "1e3Gi",
    ".5Gi",
    "1.Gi",
    "0Gi",
    "0.0Gi",
    "8Ei",
    "99999999999999999999Ki",
    "Gi",
    "",
    500,
    null,
  ];
  for (const text of bad) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.ok(!isQuantity(text));
    });
  }

  it("does not compile with another unit", () => {
    // @ts-expect-error -- decimal units are not of the type.
    const gigabytes: Quantity = "500GB";
    // @ts-expect-error -- nor is a number without one.
    const bare: Quantity = "500";
    assert.ok(!isQuantity(gigabytes) && !isQuantity(bare));
  });

  it("counts bytes exactly, and rounds a part of one up", () => {
    assert.equal(quantityBytes("1Gi"), 1073741824n);
    assert.equal(quantityBytes("1.5Ki"), 1536n);
    assert.equal(quantityBytes("0.0001Ki"), 1n);
    assert.equal(quantityBytes("4Ei"), 2n ** 62n);
  });

  it("says what it takes when it is asked to count something else", () => {
    const message = 'got "1GB", expected a Kubernetes quantity with a binary unit such as "500Gi"';
    assert.equal(quantityProblem("1GB"), message);
    assert.throws(() => quantityBytes("1GB" as Quantity), new RangeError(message));
  });

  it("compares across units", () => {
    assert.ok(compareQuantities("1Gi", "1023Mi") > 0);
    assert.ok(compareQuantities("1Gi", "1.5Gi") < 0);
    assert.equal(compareQuantities("1Ti", "1024Gi"), 0);
  });

  for (const [cores, good] of [
    ["2", true],
    ["0.5", true],
    ["500m", true],
    ["0", false],
    ["0m", false],
    ["2.5m", false],
    ["two", false],
    ["1Gi", false],
    [2, false],
  ] as const) {
    it(`${good ? "takes" : "refuses"} ${JSON.stringify(cores)} as cores`, () => {
      assert.equal(isCpuQuantity(cores), good);
    });
  }

  it("compares cores and thousandths", () => {
    assert.ok(compareCpuQuantities("1", "500m") > 0);
    assert.equal(compareCpuQuantities("0.5", "500m"), 0);
  });
});

import assert from "node:assert/strict";
import { ratios, secondsOf, spread, startingOrder } from "../../bench/rounds";

describe("rounds", () => {
  describe("spread", () => {
    const cases: readonly [string, readonly number[], [number, number, number]][] = [
      ["one value", [3], [3, 3, 3]],
      ["an odd count, out of order", [9, 1, 5], [5, 1, 9]],
      ["an even count: between the middle two", [4, 1, 10, 2], [3, 1, 10]],
      ["numbers, not texts", [10, 9, 100], [10, 9, 100]],
    ];
    for (const [what, values, [median, min, max]] of cases) {
      it(`is median, least and greatest of ${what}`, () => {
        assert.deepEqual(spread(values), { median, min, max });
      });
    }

    it("leaves the values in their order", () => {
      const values = [2, 1];
      spread(values);
      assert.deepEqual(values, [2, 1]);
    });

    it("fails when there are no values", () => {
      assert.throws(() => spread([]), new RangeError("the spread of no values is undefined"));
    });
  });

  describe("ratios", () => {
    const rounds = [
      { ours: 2, theirs: 4 },
      { ours: 30, theirs: 20 },
    ];

    it("are taken within each round", () => {
      assert.deepEqual(ratios(rounds, "ours", "theirs"), [0.5, 1.5]);
      assert.deepEqual(ratios(rounds, "theirs", "ours"), [2, 20 / 30]);
    });

    it("fails when a contender missed a round", () => {
      assert.throws(
        () => secondsOf([...rounds, { ours: 1 }], "theirs"),
        new RangeError("theirs did not run in every round"),
      );
    });
  });

  describe("startingOrder", () => {
    it("lets each contender go first in turn, and keeps the cycle", () => {
      const names = ["a", "b", "c"];
      assert.deepEqual(
        [0, 1, 2, 3].map((round) => startingOrder(names, round).join("")),
        ["abc", "bca", "cab", "abc"],
      );
    });
  });
});

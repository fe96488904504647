import assert from "node:assert/strict";
import fc from "fast-check";
import {
  contentHashName,
  dnsLabelProblem,
  dnsSubdomainProblem,
  limitName,
  roleName,
} from "../../plan/names";

const letters = "abcxyz059".split("");
const labels = (maxLength: number) =>
  fc
    .tuple(
      fc.constantFrom(...letters),
      fc.string({ unit: fc.constantFrom(...letters, "-"), maxLength: maxLength - 2 }),
      fc.constantFrom(...letters),
    )
    .map((parts) => parts.join(""));
const roles = fc.constantFrom("populate", "loader", "service-account");

/** Pairs that differ late, where a name that is merely cut would lose the difference. */
const relatives = fc
  .tuple(labels(80), labels(20), labels(20))
  .map(([start, a, b]) => [start + a, start + b] as const);

describe("names", () => {
  it("of labels are what their rule says, whatever the text", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 70 }), (text) => {
        const valid = text.length <= 63 && /^[a-z0-9]$|^[a-z0-9][a-z0-9-]*[a-z0-9]$/.test(text);
        assert.equal(dnsLabelProblem(text) === undefined, valid);
        if (valid) assert.equal(dnsSubdomainProblem(text), undefined);
      }),
    );
  });

  it("that are limited are valid, at most 63 long, and as different as before", () => {
    fc.assert(
      fc.property(relatives, ([a, b]) => {
        for (const name of [a, b]) assert.equal(dnsLabelProblem(limitName(name)), undefined);
        assert.equal(limitName(a) === limitName(b), a === b);
      }),
    );
  });

  it("of parts are valid, at most 63 long, and as different as the wholes", () => {
    fc.assert(
      fc.property(relatives, roles, ([a, b], role) => {
        assert.equal(dnsLabelProblem(roleName(a, role)), undefined);
        assert.ok(roleName(a, role).endsWith(`-${role}`));
        assert.equal(roleName(a, role) === roleName(b, role), a === b);
      }),
    );
  });

  it("by content are valid, at most 63 long, and as different as content and name", () => {
    fc.assert(
      fc.property(relatives, fc.string(), fc.string(), ([a, b], x, y) => {
        assert.equal(dnsLabelProblem(contentHashName(a, x)), undefined);
        assert.equal(contentHashName(a, x) === contentHashName(b, y), a === b && x === y);
      }),
    );
  });
});

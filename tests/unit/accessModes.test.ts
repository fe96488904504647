import assert from "node:assert/strict";
import {
  AccessMode,
  accessModeRules,
  accessModeSpellings,
  effectiveAccessMode,
  parseAccessMode,
} from "../../plan/accessModes";

describe("access modes", () => {
  // One line of the table a mode: short name, populated, nodes, pods, how servers are replaced.
  for (const [mode, ...rule] of [
    ["ReadWriteOnce", "RWO", true, "one", "many", "Recreate"],
    ["ReadOnlyMany", "ROX", false, "many", "many", "RollingUpdate"],
    ["ReadWriteMany", "RWX", true, "many", "many", "RollingUpdate"],
    ["ReadWriteOncePod", "RWOP", true, "one", "one", "Recreate"],
  ] as const) {
    it(`${mode} means ${rule.join(", ")}`, () => {
      const { shortName, populate, nodes, pods, updateStrategy } = accessModeRules[mode];
      assert.deepEqual([shortName, populate, nodes, pods, updateStrategy], rule);
      assert.equal(parseAccessMode(mode), mode);
      assert.equal(parseAccessMode(shortName), mode);
    });
  }

  it("have no other spellings", () => {
    for (const text of ["rwx", "readwritemany", "RWM", "", "constructor"]) {
      assert.equal(parseAccessMode(text), undefined);
    }
    assert.equal(accessModeSpellings.length, Object.keys(AccessMode).length);
  });

  it("together do what the most sharing one does, as long as it can be written through", () => {
    const { ReadWriteOnce, ReadOnlyMany, ReadWriteMany, ReadWriteOncePod } = AccessMode;
    assert.equal(effectiveAccessMode([ReadWriteOnce, ReadWriteMany]), ReadWriteMany);
    assert.equal(effectiveAccessMode([ReadOnlyMany, ReadWriteOnce]), ReadWriteOnce);
    assert.equal(effectiveAccessMode([ReadWriteOncePod]), ReadWriteOncePod);
    assert.equal(effectiveAccessMode([ReadOnlyMany]), undefined);
  });
});

import assert from "node:assert/strict";
import {
  ExitCode,
  finalExitCodes,
  problemOfModelPath,
  retryableExitCodes,
} from "../../plan/population";

describe("population", () => {
  it("has exit codes that are either final or worth another attempt", () => {
    const failures = Object.values(ExitCode).filter((code) => code !== ExitCode.Done);
    assert.deepEqual([...finalExitCodes, ...retryableExitCodes].sort(), failures.sort());
  });

  it("takes paths that stay within the volume", () => {
    for (const path of ["model", "meta-llama/Llama-3.1-8B/main", "a.b/.c", "..."]) {
      assert.equal(problemOfModelPath(path), undefined);
    }
    const refused: Readonly<Record<string, string>> = {
      "": "is empty",
      "/model": "is absolute",
      "a//b": "has an empty part",
      "a/": "has an empty part",
      "a/../b": "has a part that is . or ..",
      "./a": "has a part that is . or ..",
      "a\nb": "has a backslash or a control character",
      ".modelstore/revisions": "leads into .modelstore, the loader's own",
      [`a/${"é".repeat(128)}`]: "has a part of over 255 bytes",
      ["a/".repeat(600)]: "has 1200 characters where 1024 is the most",
    };
    for (const [path, problem] of Object.entries(refused)) {
      assert.equal(problemOfModelPath(path), problem, JSON.stringify(path));
    }
  });
});

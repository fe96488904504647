// Mocha's own spec reporter, which also leaves the run's counts in the file that MODELSTORE_TEST_COUNTS names, so that
// the test command can add the layers up.
const { writeFileSync } = require("node:fs");
const { reporters } = require("mocha");

module.exports = class CountingReporter extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    runner.once("end", () => {
      const { passes, failures, pending } = this.stats;
      writeFileSync(
        process.env.MODELSTORE_TEST_COUNTS,
        JSON.stringify({ passes, failures, pending }),
      );
    });
  }
};

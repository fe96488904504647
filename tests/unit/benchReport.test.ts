import assert from "node:assert/strict";
import { goals, judge } from "../../bench/goals";
import { renderReport, report, type Measurement } from "../../bench/report";

const measurement: Measurement = {
  area: "loader",
  task: "1.00 GiB in 4 files",
  bytes: 2 ** 30,
  rounds: [
    { loader: 8, curl: 4, "hf-verified": 16 },
    { loader: 9, curl: 6, "hf-verified": 15 },
    { loader: 6, curl: 2, "hf-verified": 10 },
  ],
  contenders: [
    { name: "loader", does: "checks SHA-256" },
    { name: "curl", does: "checks nothing" },
    { name: "hf-verified", does: "checks SHA-256" },
  ],
  absences: [],
};
const absent: Measurement = {
  ...measurement,
  contenders: measurement.contenders.slice(0, 2),
  absences: [{ name: "hf-verified", why: "python3: no such command" }],
};

describe("the report of a benchmark", () => {
  it("compares ours with each peer, round by round, and holds that against the goals", () => {
    assert.deepEqual(report(measurement).ratios, [
      { contender: "loader", peer: "curl", median: 2, min: 1.5, max: 3 },
      {
        ...{ contender: "loader", peer: "hf-verified", median: 0.6, min: 0.5, max: 0.6 },
        ...{ mostRatio: 1, verdict: "met" },
      },
    ]);
  });

  it("says of a goal whose peer is missing that it was not measured", () => {
    assert.deepEqual(report(absent).ratios.slice(1), [
      { contender: "loader", peer: "hf-verified", mostRatio: 1, verdict: "not measured" },
    ]);
  });

  it("is read as tables", () => {
    const { machine } = report(absent);
    assert.equal(
      renderReport({ ...report(absent), machine: { ...machine, processors: 2, node: "v20" } }),
      [
        "loader: 1.00 GiB in 4 files; 3 rounds on 2 processors, Node v20",
        "",
        "             MEDIAN s  MIN s  MAX s  MiB/s  WHAT IT DOES",
        "loader       8.00      6.00   9.00   128    checks SHA-256",
        "curl         4.00      2.00   6.00   256    checks nothing",
        "hf-verified  -         -      -      -      not measured: python3: no such command",
        "",
        "TIME RATIO            MEDIAN  MIN   MAX   GOAL",
        "loader / curl         2.00    1.50  3.00  -",
        "loader / hf-verified  -       -     -     <= 1.00  not measured",
      ].join("\n"),
    );
  });

  it("judges a goal by the median", () => {
    const [goal] = goals;
    assert.ok(goal);
    const { mostRatio } = goal;
    assert.equal(judge(goal, { median: mostRatio, min: 0, max: 9 }), "met");
    assert.equal(judge(goal, { median: mostRatio + 0.01, min: 0, max: 9 }), "missed");
    assert.equal(judge(goal, undefined), "not measured");
  });
});

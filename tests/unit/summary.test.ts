import assert from "node:assert/strict";
import { type StackOutputs } from "../../commands/stackOutputs";
import { formatBytes, summarize } from "../../commands/summary";

const outputs: StackOutputs = {
  models: {
    tiny: {
      claim: "weights",
      namespace: "models",
      path: "org/tiny/main",
      uri: "pvc://weights/org/tiny/main",
      source: "hf://org/tiny",
      revision: "0".repeat(40),
      files: 3,
      bytes: 3 * 1024 * 1024,
      endpoint: "http://tiny.models.svc.cluster.local:8000",
      servedModelName: "tiny",
    },
  },
  volumes: {
    weights: {
      claim: "weights",
      namespace: "models",
      accessModes: ["ReadWriteOnce"],
      capacity: "1Gi",
      storageClass: "disk",
    },
  },
  warnings: [],
};

describe("the summary", () => {
  describe("summarize", () => {
    it("shows a downloaded model's bytes and rate", () => {
      const text = summarize(outputs, {
        tiny: { bytes: 3145728, downloadedBytes: 3145728, bytesPerSecond: 1572864 },
      });
      assert.equal(
        text,
        [
          "MODEL  VOLUME   ACCESS MODES   SIZE  POPULATED             CATALOGUE URI                ENDPOINT",
          "tiny   weights  ReadWriteOnce  1Gi   3.0 MiB at 1.5 MiB/s  pvc://weights/org/tiny/main  http://tiny.models.svc.cluster.local:8000",
        ].join("\n"),
      );
    });

    it("says when the weights were there already", () => {
      const figures = { bytes: 3145728, downloadedBytes: 0, bytesPerSecond: 0 };
      assert.match(summarize(outputs, { tiny: figures }), /3\.0 MiB, already there/);
    });
  });

  describe("formatBytes", () => {
    it("uses the largest binary unit that leaves at least 1", () => {
      assert.deepEqual([0, 1023, 1024, 1536 * 1024, 5 * 1024 ** 4].map(formatBytes), [
        "0 B",
        "1023 B",
        "1.0 KiB",
        "1.5 MiB",
        "5.0 TiB",
      ]);
    });
  });
});

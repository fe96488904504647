import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { checkout } from "../../local/paths";
import { overlayStackFile } from "../../local/stackFile";
import { the, type MadeResource } from "../support/mocks";
import { restrictionViolations } from "../support/podSecurity";
import { runProgram, stackFile, type ProgramRun } from "../support/program";

/**
 * The whole program under mocks, with the stack files of the checkout (others are somebody's own), and with that of the
 * embedded platform.
 *
 * What this does not prove: that a cluster takes the objects, and what the engine does when they change.
 */
const stacks = {
  dev: stackFile("dev"),
  embedded: overlayStackFile(
    stackFile("dev"),
    readFileSync(join(checkout, "local", "embedded.yaml"), "utf8"),
  ),
  staging: stackFile("staging"),
  prod: stackFile("prod"),
};

const jobResult = {
  revision: "0e9e39f249a16976918f6564b8830bc894c89659",
  files: 12,
  bytes: 16_060_556_376,
  seconds: 160,
  bytesPerSecond: 100_378_477,
  downloadedBytes: 16_060_556_376,
};

describe("the program", () => {
  for (const [stack, text] of Object.entries(stacks)) {
    describe(`of the ${stack} stack`, () => {
      let run: ProgramRun;

      before(async () => {
        run = await runProgram(text, { stack, jobResult: JSON.stringify(jobResult) });
      });

      it("makes resources of the same identity as ever", () => {
        const urns = run.resources.map(({ urn }) => urn).sort();
        const golden = join(checkout, "tests", "program", "golden", `${stack}.txt`);
        if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(golden, `${urns.join("\n")}\n`);
        assert.ok(existsSync(golden), `${golden} is missing: run with UPDATE_GOLDEN=1`);
        // A URN that goes is a resource of somebody's that Pulumi deletes.
        assert.deepEqual(urns, readFileSync(golden, "utf8").trimEnd().split("\n"));
      });

      it("protects and retains every claim", () => {
        for (const { name, options } of ofType(run, "kubernetes:core/v1:PersistentVolumeClaim")) {
          assert.equal(options.retainOnDelete, true, name);
          assert.equal(options.protect, true, name);
        }
      });

      it("satisfies the restricted Pod Security Standard in every pod", () => {
        assert.ok(ofType(run, "kubernetes:apps/v1:Deployment").length > 0);
        assert.deepEqual(restrictionViolations(run.resources), []);
      });

      it("gives the documented outputs", () => {
        assert.deepEqual(Object.keys(run.outputs).sort(), [
          "estimatedMonthlyCostUsd",
          "models",
          "storageClasses",
          "volumes",
          "warnings",
        ]);
        const { models, volumes } = run.outputs as {
          models: Record<string, Record<string, unknown> & { servers?: object }>;
          volumes: Record<string, Record<string, unknown>>;
        };
        for (const model of Object.values(models)) {
          const { servers, ...documented } = model;
          assert.deepEqual(Object.keys(documented).sort(), [
            "bytes",
            "claim",
            "endpoint",
            "files",
            "namespace",
            "path",
            "revision",
            "servedModelName",
            "source",
            "uri",
          ]);
          assert.equal(model["revision"], jobResult.revision);
          assert.equal(model["files"], 12);
          assert.equal(model["bytes"], 16_060_556_376);
          assert.match(String(model["endpoint"]), /^http:\/\/[a-z0-9-]+\.models\.svc:8000$/);
          assert.ok(servers === undefined || Object.keys(servers).length > 1);
        }
        for (const volume of Object.values(volumes)) {
          assert.equal(volume["namespace"], "models");
          assert.ok(Array.isArray(volume["accessModes"]));
          assert.match(String(volume["capacity"]), /^\d+Gi$/);
        }
      });
    });
  }

  it("uses the ambient cluster unless it is told another", async () => {
    const { resources } = await runProgram(stackFile("dev"));
    assert.deepEqual(
      resources.filter(({ type }) => type === "pulumi:providers:kubernetes"),
      [],
    );
  });

  it("uses the cluster that it is told, for everything", async () => {
    const run = await runProgram(stackFile("staging"));
    const provider = the(run.resources, "pulumi:providers:kubernetes");
    assert.equal(provider.name, "cluster");
    assert.equal(provider.inputs["context"], "staging");
    const components = run.resources.filter(
      ({ type, options }) => type.startsWith("modelstore:") && options.parent === undefined,
    );
    assert.ok(components.length > 0);
    for (const { urn, options } of components) {
      assert.equal(options.provider, provider.resource, urn);
    }
  });

  it("lets go of claims and namespace where every volume may go", async () => {
    const run = await runProgram(`
config:
  modelstore:cluster: { namespace: scratch, createNamespace: true }
  modelstore:storage:
    disk: { type: local, provisioner: loop.csi.example }
  modelstore:volumes:
    weights: { storage: disk, size: 1Gi, deletionPolicy: Delete }
`);
    for (const type of ["Namespace", "PersistentVolumeClaim"]) {
      const { options } = the(run.resources, `kubernetes:core/v1:${type}`);
      assert.equal(options.retainOnDelete, false, type);
      assert.equal(options.protect, false, type);
    }
  });

  it("keeps the namespace while one volume in it stays", async () => {
    const run = await runProgram(`
config:
  modelstore:cluster: { namespace: models, createNamespace: true }
  modelstore:storage:
    disk: { type: local, provisioner: loop.csi.example }
  modelstore:volumes:
    weights: { storage: disk, size: 1Gi }
    scratch: { storage: disk, size: 1Gi, deletionPolicy: Delete }
`);
    const { options } = the(run.resources, "kubernetes:core/v1:Namespace");
    assert.equal(options.retainOnDelete, true);
    assert.equal(options.protect, true);
  });
});

function ofType(run: ProgramRun, type: string): MadeResource[] {
  return run.resources.filter((resource) => resource.type === type);
}

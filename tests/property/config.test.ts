import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import fc from "fast-check";
import { resolveExistingStorageClassArgs } from "../../components/storage/existingStorageClass";
import { resolveLocalStorageClassArgs } from "../../components/storage/localStorageClass";
import { resolveModelNamespaceArgs } from "../../components/modelNamespace";
import { resolveModelStoreArgs, type ModelStoreArgs } from "../../components/modelStore";
import { resolveModelVolumeArgs, type ModelVolumeArgs } from "../../components/volumes/modelVolume";
import { parseStackConfig } from "../../config";
import { makePlan, type Plan } from "../../plan/plan";
import { renderPlan } from "../../plan/render";
import type { StackConfig } from "../../plan/stackConfig";

/** Mostly the one, and now and then the other. */
function mostly<T>(usual: fc.Arbitrary<T>, rare: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.oneof({ weight: 15, arbitrary: usual }, { weight: 1, arbitrary: rare });
}

/** What stacks may well say, with names that meet more often than they miss each other. */
const name = mostly(
  fc.constantFrom("a", "b"),
  fc.constantFrom("a-b", "constructor", "3b", "true", "a".repeat(40)),
);
const mode = mostly(fc.constantFrom("RWX", "ReadWriteOnce"), fc.constantFrom("ROX", "RWOP", "RWM"));
const modes = mostly<string[]>(fc.constant(["RWX", "RWO"]), fc.uniqueArray(mode, { maxLength: 4 }));
const labels = fc.dictionary(fc.constantFrom("zone", "gpu"), fc.constantFrom("1", "2"), {
  maxKeys: 1,
});
const tolerations = fc.array(fc.record({ key: name, operator: fc.constant("Exists") }), {
  maxLength: 1,
});

function map(fields: Readonly<Record<string, fc.Arbitrary<unknown>>>, required: string[] = []) {
  return fc.record(fields, { requiredKeys: required });
}

const storage = fc.oneof(
  map(
    {
      type: fc.constant("local"),
      provisioner: mostly(
        fc.constant("rancher.io/local-path"),
        fc.constant("kubernetes.io/no-provisioner"),
      ),
      parameters: fc.constant({ type: "xfs" }),
      accessModes: modes,
      allowVolumeExpansion: fc.boolean(),
    },
    ["type"],
  ),
  map(
    {
      type: fc.constant("existing"),
      storageClassName: fc.constantFrom("gp3", "company.class"),
      accessModes: modes,
    },
    ["type"],
  ),
);

const volume = map(
  {
    storage: name,
    size: fc.constantFrom("1Gi", "1.5Ti", "7Ei"),
    accessMode: mode,
    deletionPolicy: fc.constantFrom("Retain", "Delete"),
    protect: fc.boolean(),
  },
  ["storage", "size"],
);

const server = map({
  kind: fc.constant("Deployment"),
  replicas: mostly(fc.nat(1), fc.constant(3)),
  gpus: fc.nat(2),
  image: fc.constantFrom("vllm/vllm-openai:v1", `vllm@sha256:${"0".repeat(64)}`),
  args: fc.dictionary(
    mostly(
      fc.constantFrom("max-model-len", "enforce-eager", "constructor"),
      fc.constantFrom("tensor-parallel-size", "model", "Bad_Flag"),
    ),
    fc.oneof(fc.integer(), fc.boolean(), fc.string(), fc.array(fc.string()), fc.constant({ a: 1 })),
  ),
  env: fc.dictionary(
    mostly(fc.constantFrom("A", "constructor"), fc.constantFrom("HF_TOKEN", "1")),
    fc.string(),
  ),
  resources: fc.constantFrom(
    { limits: { cpu: 1, memory: "4Gi" } },
    { requests: { memory: "4Gi" } },
  ),
  nodeSelector: labels,
  tolerations,
  serviceType: fc.constantFrom("ClusterIP", "LoadBalancer"),
  port: fc.constantFrom(80, 8000),
  servedModelName: mostly(fc.constant("org/name"), fc.string()),
  sharedMemorySize: fc.constantFrom("1Mi", "2Gi"),
  startupBudgetSeconds: fc.constantFrom(60, 2 ** 31 - 1),
});

const model = map(
  {
    source: fc.constantFrom(
      "hf://org/repo",
      `hf://org/repo@${"0".repeat(40)}`,
      "s3://bucket/x",
      "repo",
    ),
    volume: fc.oneof(fc.constant("weights"), name, volume),
    path: mostly(fc.string({ unit: fc.constantFrom("x", "y", "z"), minLength: 3 }), fc.string()),
    endpoint: fc.constantFrom("http://hub:8000", "https://hub.corp/path"),
    tokenSecret: fc.constant({ name: "hf", key: "token" }),
    include: fc.constant(["*.safetensors"]),
    allowPickle: fc.boolean(),
    population: map({
      nodeSelector: labels,
      tolerations,
      activeDeadlineSeconds: fc.constantFrom(60, 2 ** 31 - 1),
    }),
    baseModel: map({
      kind: fc.constantFrom("BaseModel", "ClusterBaseModel"),
      name,
      maxTokens: fc.constantFrom(1, 2 ** 31 - 1),
    }),
    serve: fc.oneof(server, fc.dictionary(name, server, { minKeys: 1, maxKeys: 2 })),
  },
  ["source", "volume"],
);

const plausible = map(
  {
    cluster: fc.record({ namespace: fc.constantFrom("models", "a-b") }),
    storage: fc.record({ a: storage, b: storage }),
    volumes: fc.record({ weights: volume }),
    models: fc.dictionary(name, model, { maxKeys: 2 }),
    images: fc.constantFrom({}, { loader: "node:20.20.2" }),
    huggingFace: fc.constantFrom({}, { endpoint: "https://hub.corp" }),
  },
  ["cluster", "storage", "volumes", "models"],
);

/** A JSON value at one place of a configuration is replaced by any other. */
const broken = fc
  .tuple(plausible, fc.jsonValue(), fc.nat())
  .map(([config, junk, place]) => replaceAt(structuredClone(config), junk, place));

function replaceAt(config: unknown, junk: unknown, place: number): Record<string, unknown> {
  const places: (() => void)[] = [];
  const visit = (value: unknown) => {
    if (typeof value !== "object" || value === null) return;
    for (const key of Object.keys(value)) {
      places.push(() => {
        (value as Record<string, unknown>)[key] = junk;
      });
      visit((value as Record<string, unknown>)[key]);
    }
  };
  visit(config);
  places[place % places.length]?.();
  return config as Record<string, unknown>;
}

/** The configuration, or undefined when it was refused in the way that users are told to expect. */
function accepted(raw: Record<string, unknown>): StackConfig | undefined {
  try {
    return parseStackConfig(raw, "dev");
  } catch (error) {
    assert.ok(pulumi.RunError.isInstance(error), String(error));
    assert.match(
      error.message,
      /^stack "dev" has [1-9]\d* invalid configuration values?(\n {2}modelstore:\S.*: \S.*)+(\nfor example:(\n {2}pulumi config set --path .+)+)?$/,
    );
    assert.doesNotMatch(error.message, /\[native code\]|\[object Object\]/);
    return undefined;
  }
}

/** Hands a plan to every component that `index.ts` would make of it, as far as that goes without an engine. */
function resolveComponents(plan: Plan): void {
  resolveModelNamespaceArgs("namespace", { namespace: plan.cluster.namespace });
  for (const [name, storageClass] of Object.entries(plan.storageClasses)) {
    if (storageClass.type === "local") resolveLocalStorageClassArgs(name, storageClass);
    else resolveExistingStorageClassArgs(name, storageClass);
  }
  for (const [name, { storage, ...volume }] of Object.entries(plan.volumes)) {
    const storageClass = plan.storageClasses[storage];
    assert.ok(storageClass);
    resolveModelVolumeArgs(name, {
      ...volume,
      storage: storageClass,
    } as unknown as ModelVolumeArgs);
  }
  for (const [name, { volume, source, path, population, baseModel, servers }] of Object.entries(
    plan.models,
  )) {
    const claim = plan.volumes[volume] as unknown as ModelStoreArgs["volume"];
    resolveModelStoreArgs(name, {
      volume: claim,
      population: { source, path, ...population },
      baseModel,
      servers,
    });
  }
}

describe("configurations", () => {
  it("are accepted whole, by the plan and by every component, or refused with reasons", () => {
    let plans = 0;
    let refusals = 0;
    fc.assert(
      fc.property(plausible, (raw) => {
        const config = accepted(raw);
        if (config === undefined) {
          refusals += 1;
          return;
        }
        plans += 1;
        const plan = makePlan(config);
        assert.equal(JSON.stringify(makePlan(structuredClone(config))), JSON.stringify(plan));
        assert.ok(renderPlan(plan).length > 0);
        resolveComponents(plan);
      }),
      { numRuns: 400 },
    );
    // Neither side of the property may be empty.
    assert.ok(plans > 40, `only ${plans} configurations were accepted`);
    assert.ok(refusals > 40, `only ${refusals} configurations were refused`);
  }).timeout(60_000);

  it("with anything anywhere are read without any other error", () => {
    fc.assert(
      fc.property(broken, (raw) => void accepted(raw)),
      { numRuns: 400 },
    );
    fc.assert(fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (raw) => void accepted(raw)));
  }).timeout(60_000);

  it("stay the same when they are read again", () => {
    fc.assert(
      fc.property(plausible, (raw) => {
        const config = accepted(raw);
        if (config !== undefined) assert.deepEqual(accepted({ ...config }), config);
      }),
      { numRuns: 100 },
    );
  }).timeout(60_000);
});

import * as k8s from "@pulumi/kubernetes";
import {
  ExistingStorageClass,
  LocalStorageClass,
  ModelNamespace,
  ModelStore,
  ModelVolume,
} from "./components";
import { loadStackConfig } from "./config";
import { makePlan, type ModelPlan, type StorageClassPlan, type VolumePlan } from "./plan/plan";

const plan = makePlan(loadStackConfig());
const { kubeconfig, context, namespace, createNamespace } = plan.cluster;

const opts =
  kubeconfig === undefined && context === undefined
    ? {}
    : { provider: new k8s.Provider("cluster", { kubeconfig, context }) };

const namespaceName = createNamespace
  ? new ModelNamespace(
      "namespace",
      {
        namespace,
        deletionPolicy: plan.cluster.namespaceDeletionPolicy,
        protect: plan.cluster.protectNamespace,
      },
      opts,
    ).namespace
  : namespace;

const storage = mapValues(plan.storageClasses, makeStorage);
const modelVolumes = mapValues(plan.volumes, makeVolume);
const modelStores = mapValues(plan.models, makeModel);

/** Models by name: where the files are, what they are, and where they are served. */
export const models = mapValues(plan.models, describeModel);

/** Volumes by name. */
export const volumes = mapValues(plan.volumes, (_volume, name) => {
  const { claimName, namespace, accessModes, capacity, storageClassName } = at(modelVolumes, name);
  return { claim: claimName, namespace, accessModes, capacity, storageClass: storageClassName };
});

/** Storage classes by name: what each is called in the cluster, and what its volumes can be mounted as. */
export const storageClasses = mapValues(storage, ({ storageClassName, accessModes }) => ({
  storageClassName,
  accessModes,
}));

/** What all this is expected to cost, and what of it has no known price. */
export const estimatedMonthlyCostUsd = plan.estimatedMonthlyCostUsd;

/** What works but deserves a thought. */
export const warnings = plan.warnings;

function makeStorage(storageClass: StorageClassPlan, name: string) {
  return storageClass.type === "local"
    ? new LocalStorageClass(name, storageClass, opts)
    : new ExistingStorageClass(name, storageClass, opts);
}

function makeVolume(volume: VolumePlan, name: string): ModelVolume {
  return new ModelVolume(
    name,
    { ...volume, namespace: namespaceName, storage: at(storage, volume.storage) },
    opts,
  );
}

function makeModel(model: ModelPlan, name: string): ModelStore {
  const { source, path, population, baseModel, servers } = model;
  return new ModelStore(
    name,
    {
      volume: at(modelVolumes, model.volume),
      population: { source, path, ...population },
      baseModel,
      servers,
    },
    opts,
  );
}

function describeModel({ volume, path, source, servers }: ModelPlan, name: string) {
  const store = at(modelStores, name);
  const { claimName, namespace } = at(modelVolumes, volume);
  const endpoints = mapValues(servers, (_server, serverName) => {
    const { endpoint, servedModelName } = at(store.servers, serverName);
    return { endpoint, servedModelName };
  });
  const [first, ...others] = Object.values(endpoints);
  return {
    claim: claimName,
    namespace,
    path,
    uri: store.uri,
    source,
    revision: store.revision,
    files: store.result.apply((result) => result?.files ?? null),
    bytes: store.result.apply((result) => result?.bytes ?? null),
    endpoint: first?.endpoint ?? null,
    servedModelName: first?.servedModelName ?? null,
    ...(others.length > 0 && { servers: endpoints }),
  };
}

function mapValues<T, U>(
  values: Readonly<Record<string, T>>,
  map: (value: T, name: string) => U,
): Record<string, U> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, map(value, name)]),
  );
}

function at<T>(values: Readonly<Record<string, T>>, name: string): T {
  const value = values[name];
  if (value === undefined) throw new RangeError(`the plan refers to ${name}, which it lacks`);
  return value;
}

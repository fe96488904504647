import { join } from "node:path";
import type { ApiClient } from "./apiClient";
import { kubeconfigOf } from "./services";
import { layoutOf } from "./layout";
import { run } from "../runProgram";
import type { Settings } from "./settings";

const ownObjects = join(__dirname, "objects");
const ownTypes = join(__dirname, "crds");

/** Puts into the cluster what the node's parts and its users expect to find there. */
export async function applyObjects(settings: Settings, api: ApiClient): Promise<void> {
  const apply = (...files: string[]): Promise<string> =>
    run(settings.binaries.kubectl, [
      `--kubeconfig=${kubeconfigOf(layoutOf(settings.state), "supervisor")}`,
      ...["apply", "--server-side", "--force-conflicts", "--field-manager=modelstore-local"],
      ...files.flatMap((file) => ["--filename", file]),
    ]);
  await apply(settings.manifests, ownTypes, join(ownObjects, "cluster"));
  // Their types are known only some moments after they were applied.
  await apply(join(ownObjects, "snapshots"));
  await checkStrictness(api);
}

/** Waits until the policy that refuses unknown fields is in force; policies take a moment. */
async function checkStrictness(api: ApiClient): Promise<void> {
  const { status } = await api.call(
    "/apis/ome.io/v1beta1/clusterbasemodels?dryRun=All&fieldValidation=Ignore",
    {
      method: "POST",
      body: {
        apiVersion: "ome.io/v1beta1",
        kind: "ClusterBaseModel",
        metadata: { name: "strictness" },
        spec: { storage: { storageUri: "pvc://namespace:claim/path" }, unknown: true },
      },
    },
  );
  if (status === 201) throw new Error("the policy that refuses unknown fields is not in force yet");
}

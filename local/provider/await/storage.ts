import type {
  V1PersistentVolume,
  V1PersistentVolumeClaim,
  V1StorageClass,
} from "@kubernetes/client-node";
import { lastWarning } from "./events";
import { metadataOf } from "./metadata";
import { failed, ready, waiting, type Surroundings, type Verdict } from "./verdict";

/** A claim is ready when it is bound, or when its class binds it only once a pod uses it. */
export async function claimReadiness(
  claim: V1PersistentVolumeClaim,
  { cluster }: Surroundings,
): Promise<Verdict> {
  const phase = claim.status?.phase;
  if (phase === "Bound") return ready;
  if (phase === "Lost") {
    return failed(`its volume ${claim.spec?.volumeName ?? ""} is gone, and with it the data`);
  }
  const name = claim.spec?.storageClassName;
  if (name !== undefined && name !== "") {
    const storageClass = (await cluster.read({
      apiVersion: "storage.k8s.io/v1",
      kind: "StorageClass",
      name,
    })) as unknown as V1StorageClass | undefined;
    if (storageClass?.volumeBindingMode === "WaitForFirstConsumer" && phase === "Pending") {
      return ready;
    }
    if (storageClass === undefined && claim.spec?.volumeName === undefined) {
      return waiting(`there is no StorageClass ${JSON.stringify(name)}`);
    }
  }
  const { namespace, uid } = metadataOf(claim);
  const warning = await lastWarning(cluster, namespace, uid);
  return waiting(`the claim is ${phase ?? "new"}${warning === undefined ? "" : `: ${warning}`}`);
}

/** A volume is ready when it can be claimed, or is. */
export function volumeReadiness(volume: V1PersistentVolume): Promise<Verdict> {
  const phase = volume.status?.phase;
  const usable = phase === "Available" || phase === "Bound";
  return Promise.resolve(usable ? ready : waiting(`the volume is ${phase ?? "new"}`));
}

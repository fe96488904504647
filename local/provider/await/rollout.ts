import type {
  V1DaemonSet,
  V1Deployment,
  V1LabelSelector,
  V1StatefulSet,
} from "@kubernetes/client-node";
import { lastWarning } from "./events";
import { metadataOf } from "./metadata";
import { podsOf, problemOf } from "./pods";
import { failed, ready, waiting, type Surroundings, type Verdict } from "./verdict";

/** A Deployment is ready when all its replicas are of the new revision and available. */
export async function deploymentReadiness(
  live: V1Deployment,
  surroundings: Surroundings,
): Promise<Verdict> {
  const wanted = live.spec?.replicas ?? 1;
  const replicas = live.status?.replicas ?? 0;
  const updated = live.status?.updatedReplicas ?? 0;
  const available = live.status?.availableReplicas ?? 0;
  const conditions = live.status?.conditions ?? [];
  if (isObserved(live)) {
    const stuck = conditions.find(({ reason }) => reason === "ProgressDeadlineExceeded");
    if (stuck !== undefined) {
      const problems = await problemsOf(live, surroundings);
      return failed([`${stuck.reason ?? ""}: ${stuck.message ?? ""}`, ...problems].join("\n"));
    }
    if (updated >= wanted && replicas <= updated && available >= wanted) return ready;
  }
  const refusal = conditions.find(
    ({ type, status }) => type === "ReplicaFailure" && status === "True",
  );
  if (refusal !== undefined) return waiting(`${refusal.reason ?? ""}: ${refusal.message ?? ""}`);
  return await progress(live, surroundings, `${available} of ${wanted} replicas available`);
}

/** A StatefulSet is ready when all its replicas are ready and, but for a partition, of the new revision. */
export async function statefulSetReadiness(
  live: V1StatefulSet,
  surroundings: Surroundings,
): Promise<Verdict> {
  const wanted = live.spec?.replicas ?? 1;
  const readyReplicas = live.status?.readyReplicas ?? 0;
  const updatedReplicas = live.status?.updatedReplicas ?? 0;
  const strategy = live.spec?.updateStrategy;
  const toUpdate =
    strategy?.type === "OnDelete" ? 0 : wanted - (strategy?.rollingUpdate?.partition ?? 0);
  const settled = live.status?.currentRevision === live.status?.updateRevision;
  const updated = settled || updatedReplicas >= toUpdate;
  if (isObserved(live) && readyReplicas >= wanted && updated) return ready;
  return await progress(live, surroundings, `${readyReplicas} of ${wanted} replicas ready`);
}

/** A DaemonSet is ready when every node that wants its pod has the new one available. */
export async function daemonSetReadiness(
  live: V1DaemonSet,
  surroundings: Surroundings,
): Promise<Verdict> {
  const desired = live.status?.desiredNumberScheduled ?? 0;
  const updatedNodes = live.status?.updatedNumberScheduled ?? 0;
  const available = live.status?.numberAvailable ?? 0;
  const updated = live.spec?.updateStrategy?.type === "OnDelete" || updatedNodes >= desired;
  if (isObserved(live) && updated && available >= desired) return ready;
  return await progress(live, surroundings, `available on ${available} of ${desired} nodes`);
}

type Workload = V1Deployment | V1StatefulSet | V1DaemonSet;

/** Whether the status is about the object as it is now. */
function isObserved(live: Workload): boolean {
  return (live.status?.observedGeneration ?? 0) >= (live.metadata?.generation ?? 0);
}

async function progress(
  live: Workload,
  surroundings: Surroundings,
  counts: string,
): Promise<Verdict> {
  const problems = await problemsOf(live, surroundings);
  if (problems.length > 0) return waiting([counts, ...problems].join("; "));
  const { namespace, uid } = metadataOf(live);
  const warning = await lastWarning(surroundings.cluster, namespace, uid);
  return waiting(warning === undefined ? counts : `${counts}; ${warning}`);
}

async function problemsOf(live: Workload, { cluster }: Surroundings): Promise<string[]> {
  const selector: V1LabelSelector | undefined = live.spec?.selector;
  const pods = await podsOf(cluster, metadataOf(live).namespace, selector);
  const problems = await Promise.all(pods.map((pod) => problemOf(cluster, pod)));
  return problems.filter((problem) => problem !== undefined);
}

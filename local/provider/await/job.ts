import type { V1Job } from "@kubernetes/client-node";
import { lastWarning } from "./events";
import { metadataOf } from "./metadata";
import { lastWords, podsOf, problemOf } from "./pods";
import { failed, ready, waiting, type Surroundings, type Verdict } from "./verdict";

/** A Job is ready when it is complete; a failed one says why at once, in its last pod's words. */
export async function jobReadiness(job: V1Job, surroundings: Surroundings): Promise<Verdict> {
  const { cluster, warn } = surroundings;
  const { namespace, uid } = metadataOf(job);
  const condition = (type: string) =>
    job.status?.conditions?.find((found) => found.type === type && found.status === "True");
  if (condition("Complete") !== undefined) return ready;

  const pods = await podsOf(cluster, namespace, job.spec?.selector);
  const failedPods = pods.filter(({ status }) => status?.phase === "Failed");
  const failure = condition("Failed");
  if (failure !== undefined) {
    const lastPod = failedPods.at(-1) ?? pods.at(-1);
    const words = lastPod === undefined ? [] : await lastWords(cluster, lastPod);
    return failed([`${failure.reason ?? "Failed"}: ${failure.message ?? ""}`, ...words].join("\n"));
  }

  const current = pods.at(-1);
  for (const pod of failedPods) {
    const problem = await problemOf(cluster, pod);
    if (problem !== undefined && pod !== current) warn(`${problem}; the Job tries again`);
  }
  if (condition("Suspended") !== undefined) return waiting("the Job is suspended");
  if (current === undefined) {
    const warning = await lastWarning(cluster, namespace, uid);
    return waiting(`no pod yet${warning === undefined ? "" : `: ${warning}`}`);
  }
  const problem = await problemOf(cluster, current);
  const done = job.status?.succeeded ?? 0;
  const phase = `pod ${metadataOf(current).name} is ${current.status?.phase ?? "new"}`;
  return waiting(problem ?? `${done} of ${job.spec?.completions ?? 1} done, ${phase}`);
}

import type { V1Pod } from "@kubernetes/client-node";
import { lastWords, problemOf } from "./pods";
import { failed, ready, waiting, type Surroundings, type Verdict } from "./verdict";

/** A pod is ready when it says so, or when it has done its work. */
export async function podReadiness(pod: V1Pod, { cluster }: Surroundings): Promise<Verdict> {
  const phase = pod.status?.phase;
  if (phase === "Succeeded") return ready;
  if (phase === "Failed") return failed((await lastWords(cluster, pod)).join("\n"));
  const said = pod.status?.conditions?.find(({ type }) => type === "Ready")?.status;
  if (said === "True") return ready;
  return waiting((await problemOf(cluster, pod)) ?? `the pod is ${phase ?? "new"}`);
}

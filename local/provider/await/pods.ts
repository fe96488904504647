import type { V1ContainerStatus, V1LabelSelector, V1Pod } from "@kubernetes/client-node";
import type { Cluster } from "../cluster";
import { lastWarning } from "./events";
import { metadataOf } from "./metadata";

/** How much of a failed container's log is shown. */
const logLines = 20;

/** States of a waiting container that are on the way to running. */
const ordinary = new Set(["ContainerCreating", "PodInitializing"]);

/** The pods that a selector finds, the oldest first. */
export async function podsOf(
  cluster: Cluster,
  namespace: string,
  selector: V1LabelSelector | undefined,
): Promise<V1Pod[]> {
  const labelSelector = formatSelector(selector);
  if (labelSelector === "") return [];
  const pods = await cluster.list("v1", "Pod", namespace, { labelSelector });
  return (pods as unknown as V1Pod[]).sort((a, b) =>
    metadataOf(a).created.localeCompare(metadataOf(b).created),
  );
}

/** What keeps a pod from being ready, in a line; nothing when it is well or on its way. */
export async function problemOf(cluster: Cluster, pod: V1Pod): Promise<string | undefined> {
  const { namespace, uid } = metadataOf(pod);
  const name = `pod ${metadataOf(pod).name}`;
  if (pod.status?.phase === "Failed" && pod.status.reason !== undefined) {
    return `${name}: ${pod.status.reason}: ${pod.status.message ?? ""}`;
  }
  const unscheduled = pod.status?.conditions?.find(
    ({ type, status }) => type === "PodScheduled" && status === "False",
  );
  if (unscheduled !== undefined) {
    return `${name} cannot be scheduled: ${unscheduled.message ?? unscheduled.reason ?? ""}`;
  }
  let starting = false;
  for (const container of statuses(pod)) {
    const waiting = container.state?.waiting;
    const terminated = container.state?.terminated;
    if (waiting !== undefined) {
      if (waiting.reason === undefined || ordinary.has(waiting.reason)) {
        starting = true;
        continue;
      }
      const last = container.lastState?.terminated;
      const exit = last === undefined ? "" : `; ${describeExit(last.exitCode, last.message)}`;
      return `${name}, container ${container.name}: ${waiting.reason}: ${waiting.message ?? ""}${exit}`;
    }
    if (terminated !== undefined && terminated.exitCode !== 0) {
      const exit = describeExit(terminated.exitCode, terminated.message ?? terminated.reason);
      return `${name}, container ${container.name} ${exit}`;
    }
  }
  if (!starting) return undefined;
  const warning = await lastWarning(cluster, namespace, uid);
  return warning === undefined ? undefined : `${name} is not started: ${warning}`;
}

/**
 * What a failed pod left to say: its containers' exit codes, termination messages and last log lines.
 */
export async function lastWords(cluster: Cluster, pod: V1Pod): Promise<string[]> {
  const { name, namespace } = metadataOf(pod);
  const words: string[] = [];
  for (const container of statuses(pod)) {
    const end = container.state?.terminated ?? container.lastState?.terminated;
    if (end === undefined || end.exitCode === 0) continue;
    const exit = describeExit(end.exitCode, end.message ?? end.reason);
    words.push(`pod ${name}, container ${container.name} ${exit}`);
    try {
      const log = (await cluster.logs(namespace, name, container.name, logLines)).trimEnd();
      if (log !== "") words.push(`its last lines:\n${log.replaceAll(/^/gm, "  | ")}`);
    } catch (error) {
      words.push(
        `its log cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }
  if (words.length === 0) {
    const problem = await problemOf(cluster, pod);
    if (problem !== undefined) words.push(problem);
  }
  return words;
}

function statuses(pod: V1Pod): V1ContainerStatus[] {
  return [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
}

function describeExit(code: number, message: string | undefined): string {
  const said = message?.trim() ?? "";
  return `exited with ${code}${said === "" ? "" : `: ${said}`}`;
}

function formatSelector(selector: V1LabelSelector | undefined): string {
  const labels = Object.entries(selector?.matchLabels ?? {}).map(
    ([key, value]) => `${key}=${value}`,
  );
  const expressions = (selector?.matchExpressions ?? []).map(({ key, operator, values = [] }) => {
    if (operator === "Exists") return key;
    if (operator === "DoesNotExist") return `!${key}`;
    return `${key} ${operator.toLowerCase()} (${values.join(",")})`;
  });
  return [...labels, ...expressions].join(",");
}

import type { CoreV1Event } from "@kubernetes/client-node";
import type { Cluster } from "../cluster";

/** The reasons of what stops an object; other warnings are advice. */
const hindering = /fail|error|back-?off|insufficient|invalid|forbidden|exceeded/i;

/** The last warning that the cluster's own parts left about what stops an object, such as `FailedMount: …`. */
export async function lastWarning(
  cluster: Cluster,
  namespace: string,
  uid: string,
): Promise<string | undefined> {
  const fieldSelector = `involvedObject.uid=${uid},type=Warning`;
  const events = (await cluster.list("v1", "Event", namespace, {
    fieldSelector,
  })) as unknown as CoreV1Event[];
  // Times are text as the server sends them, and as such in order.
  const time = (event: CoreV1Event): string =>
    String(event.lastTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp ?? "");
  const last = events
    .filter(({ reason }) => reason !== undefined && hindering.test(reason))
    .sort((a, b) => time(a).localeCompare(time(b)))
    .at(-1);
  if (last === undefined) return undefined;
  return `${last.reason ?? "Warning"}: ${last.message?.trim() ?? ""}`;
}

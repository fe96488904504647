import type { JsonObject } from "../json";
import { referenceTo } from "../manifest";
import { definitionReadiness } from "./definition";
import { jobReadiness } from "./job";
import { podReadiness } from "./pod";
import { daemonSetReadiness, deploymentReadiness, statefulSetReadiness } from "./rollout";
import { serviceReadiness } from "./service";
import { claimReadiness, volumeReadiness } from "./storage";
import type { Readiness } from "./verdict";

/** How a kind's objects become ready. */
interface Wait {
  readonly readiness: Readiness<JsonObject>;
  readonly timeoutSeconds: number;
  /** Whether a refresh also says that the object is not ready. */
  readonly onRefresh: boolean;
}

// The server's answers have the shape of their kind's type.
function wait<Live>(
  readiness: Readiness<Live>,
  { timeoutSeconds = 600, onRefresh = true } = {},
): Wait {
  return { readiness: readiness as unknown as Readiness<JsonObject>, timeoutSeconds, onRefresh };
}

const waits: Readonly<Record<string, Wait>> = {
  "apiextensions.k8s.io/v1/CustomResourceDefinition": wait(definitionReadiness, {
    timeoutSeconds: 60,
    onRefresh: false,
  }),
  "apps/v1/DaemonSet": wait(daemonSetReadiness),
  "apps/v1/Deployment": wait(deploymentReadiness),
  "apps/v1/StatefulSet": wait(statefulSetReadiness),
  "batch/v1/Job": wait(jobReadiness),
  "v1/PersistentVolume": wait(volumeReadiness, { timeoutSeconds: 300, onRefresh: false }),
  "v1/PersistentVolumeClaim": wait(claimReadiness, { timeoutSeconds: 300, onRefresh: false }),
  "v1/Pod": wait(podReadiness),
  "v1/Service": wait(serviceReadiness),
};

/** How objects of this kind become ready; nothing for kinds that are as soon as they exist. */
export function waitOf(object: JsonObject): Wait | undefined {
  const { apiVersion, kind } = referenceTo(object);
  return waits[`${apiVersion}/${kind}`];
}

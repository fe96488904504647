import { accessModeRules, type AccessMode } from "./accessModes";
import type { Findings } from "./findings";
import type { ServerPlan, Toleration } from "./plan";
import { quote } from "./problems";
import { gpuToleration } from "./vllm";
import type { PlannedVolume } from "./volumes";

type Path = readonly (string | number)[];

/** A server, and where it was written. */
export interface PlacedServer {
  readonly server: ServerPlan;
  readonly path: Path;
}

/** On which nodes a pod may run. */
export interface Placement {
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly tolerations: readonly Toleration[];
}

/**
 * Checks that the servers of one volume can all mount it at once.
 *
 * A claim on a node's own disk needs no help to keep its pods together: the PersistentVolume's node affinity sends every
 * pod to that node. A disk of the network that one node holds at a time has no such thing, and a second node waits for
 * ever.
 */
export function checkSharing(
  volumeName: string,
  volume: PlannedVolume,
  servers: readonly PlacedServer[],
  findings: Findings,
): void {
  const { problems, warnings } = findings;
  const rule = accessModeRules[volume.accessMode];
  const running = servers.filter(({ server }) => server.replicas > 0);
  const [first, ...others] = running;
  if (rule.nodes === "many" || first === undefined) return;

  checkOneNode(rule.because, running, findings);
  const pods = running.reduce((sum, { server }) => sum + server.replicas, 0);
  const keptTogether = rule.pods === "many" && volume.storageClass.type === "local";
  if (keptTogether) {
    if (pods > 1) {
      warnings.push(
        `volume ${quote(volumeName)} is one node's own disk: its ${pods} server pods all run on that node`,
      );
    }
  } else {
    const remedy = `${rule.pods === "one" ? "" : 'use storage of type "local", whose pods are kept on one node, or '}a storage that can be mounted "ReadWriteMany"`;
    for (const { server, path } of running.filter(({ server }) => server.replicas > 1)) {
      problems.push({
        path: [...path, "replicas"],
        message: `got ${server.replicas}, but ${rule.because}${rule.pods === "one" ? "" : ", and nothing keeps replicas on one"}; use 1, or ${remedy}`,
        suggestion: 1,
      });
    }
    for (const { path } of others) {
      problems.push({
        path,
        message: `mounts volume ${quote(volumeName)} beside server ${quote(first.server.serviceName)}, but ${rule.because}; give it a volume of its own, or ${remedy}`,
      });
    }
  }
  for (const { server } of running) {
    warnings.push(
      `server ${quote(server.serviceName)} stops before its successor starts at every update: ${rule.because}`,
    );
    if (rule.pods === "many" && !keptTogether) {
      warnings.push(
        `volume ${quote(volumeName)} takes a new revision only when its loader happens to run on the node of server ${quote(server.serviceName)}: ${rule.because}; on a cluster of several nodes set its replicas to 0 first, or select one node with its nodeSelector`,
      );
    }
    if (rule.pods === "one") {
      warnings.push(
        `volume ${quote(volumeName)} cannot take a new revision while server ${quote(server.serviceName)} runs: ${rule.because}; set its replicas to 0 first`,
      );
    }
  }
}

/** Checks that there can be a node on which every server of a volume may run. */
function checkOneNode(
  because: string,
  servers: readonly PlacedServer[],
  { problems }: Findings,
): void {
  const seen = new Map<string, { value: string; server: ServerPlan }>();
  for (const { server, path } of servers) {
    for (const [key, value] of Object.entries(server.nodeSelector)) {
      const earlier = seen.get(key);
      if (earlier === undefined) {
        seen.set(key, { value, server });
      } else if (earlier.value !== value) {
        problems.push({
          path: [...path, "nodeSelector", key],
          message: `got ${quote(value)}, but server ${quote(earlier.server.serviceName)} of the same volume runs where it is ${quote(earlier.value)}, and ${because}; use ${quote(earlier.value)}`,
          suggestion: earlier.value,
        });
      }
    }
  }
}

/**
 * Where the loader of a volume may run: on a volume that one node holds, where its servers may.
 *
 * The first pod that mounts such a volume decides on which node (or in which zone) it is made, and that pod is the
 * loader's; were it to run where no server may, no server would ever start.
 *
 * @param asked - What the configuration says of the loader itself.
 * @param path - Where it says so.
 */
export function placeLoader(
  accessMode: AccessMode,
  servers: readonly PlacedServer[],
  asked: Placement,
  path: Path,
  { problems }: Findings,
): Placement {
  if (accessModeRules[accessMode].nodes === "many") return asked;
  const nodeSelector: Record<string, string> = { ...asked.nodeSelector };
  const tolerations = [...asked.tolerations];
  for (const { server } of servers) {
    for (const [key, value] of Object.entries(server.nodeSelector)) {
      const own = asked.nodeSelector[key];
      if (own !== undefined && own !== value) {
        problems.push({
          path: [...path, "nodeSelector", key],
          message: `got ${quote(own)}, but server ${quote(server.serviceName)} runs where it is ${quote(value)}, and ${accessModeRules[accessMode].because}; use ${quote(value)}, or remove it: the loader follows the servers`,
          suggestion: value,
        });
      }
      nodeSelector[key] ??= value;
    }
    const suffered = server.gpus > 0 ? [...server.tolerations, gpuToleration] : server.tolerations;
    for (const toleration of suffered) {
      const text = JSON.stringify(toleration);
      if (!tolerations.some((one) => JSON.stringify(one) === text)) tolerations.push(toleration);
    }
  }
  return { nodeSelector, tolerations };
}

import type { ServerConfig, StackConfig } from "./stackConfig";
import { accessModeRules } from "./accessModes";
import type { Findings } from "./findings";
import { defaultImages } from "./images";
import { startupBudgetSeconds } from "./loading";
import { serviceNameProblem } from "./names";
import { parallelismProblems } from "./parallelism";
import type { ServerPlan } from "./plan";
import { quote, type Problem } from "./problems";
import { compareQuantities } from "./quantity";
import { resourceProblems } from "./resources";
import type { PlacedServer } from "./topology";
import { vllmArgProblems, vllmEnvProblems } from "./vllm";
import type { PlannedVolume } from "./volumes";

type Path = readonly (string | number)[];

/**
 * The servers of one model.
 *
 * A single server is called like its model, several are called `model-server`.
 */
export function planServers(
  modelName: string,
  serve: StackConfig["models"][string]["serve"],
  volume: PlannedVolume,
  config: StackConfig,
  findings: Findings,
): PlacedServer[] {
  if (serve === undefined) return [];
  const path = ["models", modelName, "serve"];
  const servers = isSingle(serve)
    ? [{ name: modelName, server: serve, path }]
    : Object.entries(serve).map(([name, server]) => ({
        name: `${modelName}-${name}`,
        server,
        path: [...path, name],
      }));
  return servers.map(({ name, server, path }) => ({
    server: planServer(name, modelName, server, path, volume, config, findings),
    path,
  }));
}

/** Several servers lie under names, where a single one says its kind. */
function isSingle(
  serve: NonNullable<StackConfig["models"][string]["serve"]>,
): serve is ServerConfig {
  return typeof serve.kind === "string";
}

function planServer(
  name: string,
  modelName: string,
  server: ServerConfig,
  path: Path,
  volume: PlannedVolume,
  config: StackConfig,
  { problems, warnings }: Findings,
): ServerPlan {
  const nameProblem = serverNameProblem(name);
  if (nameProblem !== undefined) problems.push({ path, message: nameProblem });
  problems.push(
    ...vllmArgProblems(server.args, [...path, "args"]),
    ...vllmEnvProblems(Object.keys(server.env), [...path, "env"]),
    ...resourceProblems(server.resources, [...path, "resources"]),
    ...parallelismProblems(server.args, server.gpus, [...path, "gpus"]),
    ...sharedMemoryProblems(server, path),
  );
  if (server.serviceType === "LoadBalancer") {
    warnings.push(
      `server ${quote(name)} answers everybody who can reach its load balancer: vLLM asks for no credentials`,
    );
  }
  const oneNode = accessModeRules[volume.accessMode].nodes === "one";
  if (oneNode && server.gpus > 0 && Object.keys(server.nodeSelector).length === 0) {
    warnings.push(
      `server ${quote(name)} needs GPUs, but its volume is made where its loader happens to run, which may be out of their reach; set the server's nodeSelector to the nodes with GPUs, and the loader follows`,
    );
  }
  return {
    kind: server.kind,
    serviceName: name,
    replicas: server.replicas,
    updateStrategy: accessModeRules[volume.accessMode].updateStrategy,
    gpus: server.gpus,
    image:
      server.image ??
      config.images.vllm ??
      (server.gpus === 0 ? defaultImages.vllmCpu : defaultImages.vllm),
    servedModelName: server.servedModelName ?? modelName,
    args: server.args,
    env: server.env,
    resources: server.resources,
    nodeSelector: server.nodeSelector,
    tolerations: server.tolerations,
    serviceType: server.serviceType,
    port: server.port,
    sharedMemorySize: server.sharedMemorySize,
    startupBudgetSeconds: server.startupBudgetSeconds ?? startupBudgetSeconds(volume.plan.size),
  };
}

function serverNameProblem(name: string): string | undefined {
  const problem = serviceNameProblem(name);
  return problem === undefined
    ? undefined
    : `the server's name, its model's with its own where it has one: ${problem}; rename either`;
}

function sharedMemoryProblems(server: ServerConfig, path: Path): Problem[] {
  const limit = server.resources.limits.memory;
  if (limit === undefined || compareQuantities(server.sharedMemorySize, limit) < 0) return [];
  return [
    {
      path: [...path, "sharedMemorySize"],
      message: `got ${quote(server.sharedMemorySize)}, but it counts towards the memory limit of ${quote(limit)} and would leave nothing; use less, or raise the limit`,
    },
  ];
}

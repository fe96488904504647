import type { ModelConfig, StackConfig } from "./stackConfig";
import { entryOf, type Findings } from "./findings";
import { defaultImages } from "./images";
import { populationDeadlineSeconds } from "./loading";
import type { BaseModelPlan, ModelPlan, PopulationPlan } from "./plan";
import { patternProblems, problemOfModelPath } from "./population";
import { quote } from "./problems";
import { pvcUri } from "./pvcUri";
import { resourceProblems } from "./resources";
import { planServers } from "./servers";
import { InvalidSourceError, parseSource, type Source } from "./sources";
import { checkSharing, placeLoader, type PlacedServer } from "./topology";
import { unknownName, type PlannedVolume } from "./volumes";

type Path = readonly (string | number)[];

/** A model as far as it is known before the other models of its volume are. */
interface DraftModel {
  readonly name: string;
  readonly config: ModelConfig;
  readonly source: Source;
  readonly volumeName: string;
  readonly volume: PlannedVolume;
  readonly path: string;
  readonly servers: readonly PlacedServer[];
}

/** Every model of the stack by name. */
export function planModels(
  config: StackConfig,
  volumes: ReadonlyMap<string, PlannedVolume>,
  findings: Findings,
): Record<string, ModelPlan> {
  const drafts = Object.entries(config.models).flatMap(
    ([name, model]) => draftModel(name, model, config, volumes, findings) ?? [],
  );
  checkServerNames(drafts, findings);
  checkCatalogueNames(drafts, findings);
  for (const [volumeName, volume] of volumes) {
    const onVolume = drafts.filter((draft) => draft.volumeName === volumeName);
    checkPaths(onVolume, findings);
    checkSharing(volumeName, volume, serversOf(onVolume), findings);
  }
  return Object.fromEntries(
    drafts.map((draft) => {
      const neighbours = drafts.filter(({ volumeName }) => volumeName === draft.volumeName);
      return [draft.name, planModel(draft, serversOf(neighbours), config, findings)];
    }),
  );
}

function serversOf(drafts: readonly DraftModel[]): PlacedServer[] {
  return drafts.flatMap(({ servers }) => servers);
}

function draftModel(
  name: string,
  model: ModelConfig,
  config: StackConfig,
  volumes: ReadonlyMap<string, PlannedVolume>,
  findings: Findings,
): DraftModel | undefined {
  const at = ["models", name];
  const source = readSource(model.source, [...at, "source"], findings);
  const path = readPath(model.path, source, [...at, "path"], findings);
  findings.problems.push(
    ...patternProblems(model, at),
    ...resourceProblems(model.population.resources, [...at, "population", "resources"]),
  );
  const volumeName = typeof model.volume === "string" ? model.volume : name;
  const volume = volumes.get(volumeName);
  if (volume === undefined) {
    const written =
      typeof model.volume !== "string" ||
      entryOf(config.volumes, volumeName) !== undefined ||
      findings.leftOut("volumes", volumeName);
    if (!written) {
      findings.problems.push({
        path: [...at, "volume"],
        ...unknownName(volumeName, "volumes", [...volumes.keys()]),
      });
    }
    return undefined;
  }
  const servers = planServers(name, model.serve, volume, config, findings);
  if (source === undefined || path === undefined) return undefined;
  return { name, config: model, source, volumeName, volume, path, servers };
}

function readSource(
  text: string,
  path: Path,
  { problems, warnings }: Findings,
): Source | undefined {
  try {
    const source = parseSource(text);
    if (!source.pinned) {
      warnings.push(
        `model ${quote(path[1])} follows ${quote(source.revision)} of ${source.repository}, which can move; pin a commit of 40 hexadecimal digits after @`,
      );
    }
    return source;
  } catch (error) {
    if (!(error instanceof InvalidSourceError)) throw error;
    problems.push({ path, message: `${quote(error.got)} ${error.why}; ${error.remedy}` });
    return undefined;
  }
}

function readPath(
  written: string | undefined,
  source: Source | undefined,
  at: Path,
  { problems }: Findings,
): string | undefined {
  const path = written ?? (source && `${source.repository}/${source.revision}`);
  if (path === undefined) return undefined;
  const problem = problemOfModelPath(path);
  if (problem === undefined) return path;
  problems.push({
    path: at,
    message: `${quote(path)} ${problem}; write a relative directory such as "org/repo"`,
  });
  return undefined;
}

/** Two models must not share a directory, nor may one lie inside the other: what is there belongs to one revision. */
function checkPaths(drafts: readonly DraftModel[], { problems }: Findings): void {
  for (const [index, { name, path }] of drafts.entries()) {
    const clash = drafts
      .slice(0, index)
      .find(
        (other) =>
          `${path}/`.startsWith(`${other.path}/`) || `${other.path}/`.startsWith(`${path}/`),
      );
    if (clash === undefined) continue;
    const relation = clash.path === path ? "is also" : `overlaps ${quote(clash.path)},`;
    problems.push({
      path: ["models", name, "path"],
      message: `${quote(path)} ${relation} the directory of model ${quote(clash.name)} in the same volume; give each its own path, or let one model have several servers`,
    });
  }
}

function checkServerNames(drafts: readonly DraftModel[], { problems }: Findings): void {
  const seen = new Map<string, string>();
  for (const draft of drafts) {
    for (const { server, path } of draft.servers) {
      const owner = seen.get(server.serviceName);
      if (owner === undefined) {
        seen.set(server.serviceName, draft.name);
      } else {
        problems.push({
          path,
          message: `its Service would be called ${quote(server.serviceName)}, as that of model ${quote(owner)} is; rename the model or the server`,
        });
      }
    }
  }
}

function checkCatalogueNames(drafts: readonly DraftModel[], { problems }: Findings): void {
  const seen = new Map<string, string>();
  for (const { name, config } of drafts) {
    if (config.baseModel === undefined) continue;
    const entry = `${config.baseModel.kind} ${quote(config.baseModel.name ?? name)}`;
    const owner = seen.get(entry);
    if (owner === undefined) {
      seen.set(entry, name);
    } else {
      problems.push({
        path: ["models", name, "baseModel", "name"],
        message: `${entry} is already the entry of model ${quote(owner)}; use another name`,
      });
    }
  }
}

function planModel(
  { name, config: model, source, volumeName, volume, path, servers }: DraftModel,
  neighbours: readonly PlacedServer[],
  config: StackConfig,
  findings: Findings,
): ModelPlan {
  const { claimName, namespace } = volume.plan;
  return {
    volume: volumeName,
    source: source.uri,
    revision: source.revision,
    path,
    uri: pvcUri(claimName, path, namespace),
    population: planPopulation(name, model, volume, neighbours, config, findings),
    baseModel: model.baseModel && planBaseModel(name, model.baseModel, volume, path),
    servers: Object.fromEntries(servers.map(({ server }) => [server.serviceName, server])),
  };
}

function planPopulation(
  name: string,
  model: ModelConfig,
  volume: PlannedVolume,
  neighbours: readonly PlacedServer[],
  config: StackConfig,
  findings: Findings,
): PopulationPlan {
  const { population } = model;
  const endpoint = model.endpoint ?? config.huggingFace.endpoint;
  if (model.tokenSecret !== undefined && endpoint.startsWith("http:")) {
    findings.warnings.push(
      `model ${quote(name)} sends its token to ${endpoint} unencrypted; use https where others can listen`,
    );
  }
  return {
    endpoint,
    tokenSecret: model.tokenSecret,
    include: model.include,
    exclude: model.exclude,
    allowPickle: model.allowPickle,
    image: config.images.loader ?? defaultImages.loader,
    activeDeadlineSeconds:
      population.activeDeadlineSeconds ?? populationDeadlineSeconds(volume.plan.size),
    resources: population.resources,
    ...placeLoader(
      volume.accessMode,
      neighbours,
      { nodeSelector: population.nodeSelector, tolerations: population.tolerations },
      ["models", name, "population"],
      findings,
    ),
  };
}

function planBaseModel(
  modelName: string,
  { name, ...baseModel }: NonNullable<ModelConfig["baseModel"]>,
  { plan: { claimName, namespace } }: PlannedVolume,
  path: string,
): BaseModelPlan {
  const claimNamespace = baseModel.kind === "ClusterBaseModel" ? namespace : undefined;
  return {
    ...baseModel,
    modelName: name ?? modelName,
    storageUri: pvcUri(claimName, path, claimNamespace),
  };
}

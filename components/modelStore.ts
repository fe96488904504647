import * as pulumi from "@pulumi/pulumi";
import type { PopulationResult } from "../plan/population";
import { pvcUri } from "../plan/pvcUri";
import { quote } from "../plan/problems";
import { parseSource } from "../plan/sources";
import { BaseModel, resolveBaseModelArgs, type BaseModelArgs } from "./catalog/baseModel";
import {
  ClusterBaseModel,
  resolveClusterBaseModelArgs,
  type ClusterBaseModelArgs,
} from "./catalog/clusterBaseModel";
import type { OmeModelMetadata } from "./catalog/omeModel";
import { rejectInvalidArguments } from "./invalidArguments";
import {
  ModelPopulation,
  resolveModelPopulationArgs,
  type ModelPopulationArgs,
} from "./population/modelPopulation";
import {
  VllmDeployment,
  resolveVllmDeploymentArgs,
  type VllmDeploymentArgs,
} from "./serving/vllmDeployment";
import type { ModelVolume } from "./volumes/modelVolume";

/** What a {@link ModelStore} can be told. */
export interface ModelStoreArgs {
  /** The volume that holds the model, alone or among others. */
  readonly volume: ModelVolume;
  /** Which files are put on the volume, and how. */
  readonly population: Omit<ModelPopulationArgs, "namespace" | "claimName">;
  /**
   * The model's entry in OME's catalogue.
   *
   * @defaultValue - none, and OME need not be there
   */
  readonly baseModel?: ModelStoreBaseModelArgs;
  /**
   * The model's servers by Pulumi name, each of which begins with the model's.
   *
   * @defaultValue - none: the model lies on its volume
   */
  readonly servers?: Readonly<Record<string, ModelStoreServerArgs>>;
}

/** An entry in OME's catalogue; where the model is, the model knows. */
export interface ModelStoreBaseModelArgs extends OmeModelMetadata {
  /** For the volume's namespace or for the whole cluster. */
  readonly kind: "BaseModel" | "ClusterBaseModel";
  /**
   * `metadata.name`.
   *
   * @defaultValue - the component's name
   */
  readonly modelName?: string;
}

/** A server; where the model is, the model knows. */
export type ModelStoreServerArgs = Omit<
  VllmDeploymentArgs,
  "namespace" | "claimName" | "path" | "revision"
>;

/**
 * One model from its source to its endpoints: populated, then catalogued and served.
 *
 * ```
 * ModelStore name
 * ├─ ModelPopulation                name
 * ├─ BaseModel or ClusterBaseModel  name
 * └─ VllmDeployment                 name, or name-server for each of several
 * ```
 *
 * @remarks
 * The one component that knows the order: catalogue and servers are made once the population has succeeded, and are gone
 * before the volume is let go of.
 */
export class ModelStore extends pulumi.ComponentResource {
  /** `pvc://namespace:claim/path`: names the files from anywhere in the cluster. */
  readonly uri: pulumi.Output<string>;
  /** The revision on the volume: the commit where it is known, else what the source names. */
  readonly revision: pulumi.Output<string>;
  /** What the loader did; undefined before it has run. */
  readonly result: pulumi.Output<PopulationResult | undefined>;
  /** The servers by Pulumi name. */
  readonly servers: Readonly<Record<string, VllmDeployment>>;

  /**
   * @param name - The Pulumi name.
   * @param args - Which model, on which volume, for whom.
   * @param opts - Pulumi's options.
   */
  constructor(name: string, args: ModelStoreArgs, opts?: pulumi.ComponentResourceOptions) {
    const { population, baseModel, servers } = resolveModelStoreArgs(name, args);
    super("modelstore:index:ModelStore", name, {}, opts);

    const populated = new ModelPopulation(name, population, { parent: this });
    const { revision } = parseSource(population.source);
    this.result = populated.result;
    this.revision = populated.result.apply((result) => result?.revision ?? revision);
    this.uri = pulumi
      .all([population.claimName, args.volume.namespace])
      .apply(([claim, namespace]) => pvcUri(claim, population.path, namespace));

    const afterPopulation = { parent: this, dependsOn: [populated] };
    if (baseModel?.kind === "BaseModel") new BaseModel(name, baseModel, afterPopulation);
    if (baseModel?.kind === "ClusterBaseModel") {
      new ClusterBaseModel(name, baseModel, afterPopulation);
    }
    this.servers = Object.fromEntries(
      Object.entries(servers).map(([serverName, server]) => [
        serverName,
        new VllmDeployment(serverName, { ...server, revision: this.revision }, afterPopulation),
      ]),
    );

    this.registerOutputs({
      uri: this.uri,
      revision: this.revision,
      result: this.result,
      servers: this.servers,
    });
  }
}

/** What the parts of a {@link ModelStore} are told. */
export interface ResolvedModelStoreArgs {
  /** The population's arguments. */
  readonly population: ModelPopulationArgs;
  /** The catalogue entry's arguments, told apart by `kind`. */
  readonly baseModel?:
    | (BaseModelArgs & { readonly kind: "BaseModel" })
    | (ClusterBaseModelArgs & { readonly kind: "ClusterBaseModel" });
  /** The servers' arguments. */
  readonly servers: Readonly<Record<string, VllmDeploymentArgs>>;
}

/**
 * Tells every part where the model is, and refuses what any of them cannot work with.
 *
 * @throws pulumi.RunError naming every invalid argument of the first part that has one.
 */
export function resolveModelStoreArgs(name: string, args: ModelStoreArgs): ResolvedModelStoreArgs {
  const { claimName, namespace } = args.volume;
  const { path } = args.population;
  const population = { ...args.population, claimName, namespace };
  const servers = Object.fromEntries(
    Object.entries(args.servers ?? {}).map(([serverName, server]) => [
      serverName,
      { ...server, claimName, namespace, path },
    ]),
  );
  rejectInvalidArguments(
    "modelstore:index:ModelStore",
    name,
    Object.keys(servers)
      .filter((serverName) => serverName !== name && !serverName.startsWith(`${name}-`))
      .map((serverName) => ({
        path: ["servers", serverName],
        message: `got the name ${quote(serverName)}, expected ${quote(name)} or a name that begins with ${quote(`${name}-`)}`,
      })),
  );
  resolveModelPopulationArgs(name, population);
  for (const [serverName, server] of Object.entries(servers)) {
    resolveVllmDeploymentArgs(serverName, server);
  }
  return { population, servers, baseModel: resolveBaseModel(name, args) };
}

function resolveBaseModel(
  name: string,
  { volume, population, baseModel }: ModelStoreArgs,
): ResolvedModelStoreArgs["baseModel"] {
  if (baseModel === undefined) return undefined;
  const { kind, ...metadata } = baseModel;
  const where = { claimName: volume.claimName, path: population.path };
  if (kind === "BaseModel") {
    const args = { ...metadata, ...where, namespace: volume.namespace };
    return { kind, ...resolveBaseModelArgs(name, args) };
  }
  const args = { ...metadata, ...where, claimNamespace: volume.namespace };
  return { kind, ...resolveClusterBaseModelArgs(name, args) };
}

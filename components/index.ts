export { BaseModel, type BaseModelArgs } from "./catalog/baseModel";
export { ClusterBaseModel, type ClusterBaseModelArgs } from "./catalog/clusterBaseModel";
export type { NameAndVersion, OmeModelArgs, OmeModelMetadata } from "./catalog/omeModel";
export type { ComputeAmounts, ComputeResources } from "./computeResources";
export { ModelNamespace, type ModelNamespaceArgs } from "./modelNamespace";
export {
  ModelStore,
  type ModelStoreArgs,
  type ModelStoreBaseModelArgs,
  type ModelStoreServerArgs,
} from "./modelStore";
export { ModelPopulation, type ModelPopulationArgs } from "./population/modelPopulation";
export type { SecretKeyRef } from "./population/populationJob";
export { ServiceType, VllmDeployment, type VllmDeploymentArgs } from "./serving/vllmDeployment";
export {
  ExistingStorageClass,
  type ExistingStorageClassArgs,
} from "./storage/existingStorageClass";
export { LocalStorageClass, type LocalStorageClassArgs } from "./storage/localStorageClass";
export { ReclaimPolicy, VolumeBindingMode, type ModelStorage } from "./storage/modelStorage";
export { DeletionPolicy, ModelVolume, type ModelVolumeArgs } from "./volumes/modelVolume";

export { AccessMode, UpdateStrategy } from "../plan/accessModes";
export type { PopulationResult } from "../plan/population";
export type { Quantity } from "../plan/quantity";
export type { VllmArg, VllmArgs } from "../plan/vllm";

import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";
import { at, type JsonObject } from "./json";

/** The provider's settings that the stand-in follows, as the program or the environment gave them. */
export interface Settings {
  readonly kubeconfig: KubeConfig;
  /** Where objects go that name no namespace. */
  readonly namespace: string;
  /** Takes over fields that another manager owns. */
  readonly patchForce: boolean;
  /** Lets a create take over an object that exists already. */
  readonly upsert: boolean;
  /** Changes a Secret's data in place where the default replaces the Secret. */
  readonly mutableSecrets: boolean;
  /** Changes a ConfigMap's data in place where the default replaces the ConfigMap. */
  readonly mutableConfigMaps: boolean;
}

/** One setting that cannot be followed. */
export interface SettingProblem {
  readonly property: string;
  readonly reason: string;
}

const followed = new Set([
  "cluster",
  "clusterIdentifier",
  "context",
  "enableConfigMapMutable",
  "enablePatchForce",
  "enableSecretMutable",
  "enableServerSideApply",
  "kubeClientSettings",
  "kubeconfig",
  "namespace",
  "suppressDeprecationWarnings",
  "suppressHelmHookWarnings",
  "upsertExistingObjects",
  "version",
]);

/** The settings that ask for what the stand-in lacks. Silence would let a program believe that it got them. */
export function settingProblems(inputs: JsonObject): SettingProblem[] {
  const problems: SettingProblem[] = [];
  for (const [property, value] of Object.entries(inputs)) {
    if (property.startsWith("__") || value === null || value === false || value === "false")
      continue;
    if (!followed.has(property)) {
      problems.push({
        property,
        reason: `the offline stand-in does not know this setting; use the genuine plugin for it`,
      });
    }
  }
  const serverSide = inputs["enableServerSideApply"];
  if (serverSide === false || serverSide === "false") {
    problems.push({
      property: "enableServerSideApply",
      reason: "the offline stand-in applies on the server only; use the genuine plugin without it",
    });
  }
  return problems;
}

/**
 * The settings from the provider's inputs and the environment.
 * @throws when the kubeconfig cannot be read or lacks the context
 */
export function settingsFrom(inputs: JsonObject): Settings {
  const kubeconfig = loadKubeconfig(setting(inputs, "kubeconfig"));
  const context = setting(inputs, "context");
  if (context !== undefined) {
    if (kubeconfig.getContextObject(context) === null) {
      const known = kubeconfig.getContexts().map(({ name }) => name);
      throw new Error(
        `kubeconfig: no context ${JSON.stringify(context)}; it has ${JSON.stringify(known)}`,
      );
    }
    kubeconfig.setCurrentContext(context);
  }
  const cluster = setting(inputs, "cluster");
  if (cluster !== undefined) useCluster(kubeconfig, cluster);
  const current = kubeconfig.getContextObject(kubeconfig.getCurrentContext());
  return {
    kubeconfig,
    namespace: setting(inputs, "namespace") ?? current?.namespace ?? "default",
    patchForce: flag(inputs, "enablePatchForce", "PULUMI_K8S_ENABLE_PATCH_FORCE"),
    upsert: flag(inputs, "upsertExistingObjects", "PULUMI_K8S_UPSERT_EXISTING_OBJECTS"),
    mutableSecrets: flag(inputs, "enableSecretMutable", "PULUMI_K8S_ENABLE_SECRET_MUTABLE"),
    mutableConfigMaps: flag(
      inputs,
      "enableConfigMapMutable",
      "PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE",
    ),
  };
}

/** The address of the API server that the settings lead to; nothing when they lead nowhere. */
export function serverOf(inputs: JsonObject): string | undefined {
  try {
    return settingsFrom(inputs).kubeconfig.getCurrentCluster()?.server;
  } catch {
    // Only compared with another address; whoever connects reports what is wrong.
    return undefined;
  }
}

function loadKubeconfig(pathOrContents: string | undefined): KubeConfig {
  const kubeconfig = new KubeConfig();
  // The SDK passes $KUBECONFIG on, which may name several files.
  if (pathOrContents === undefined || pathOrContents === process.env["KUBECONFIG"]) {
    kubeconfig.loadFromDefault();
    return kubeconfig;
  }
  const path = pathOrContents.replace(/^~(?=\/)/, homedir());
  if (existsSync(path)) {
    kubeconfig.loadFromFile(path);
    return kubeconfig;
  }
  if (!pathOrContents.includes("\n") && !pathOrContents.trimStart().startsWith("{")) {
    throw new Error(
      `kubeconfig: no such file ${JSON.stringify(path)}; give a path or a file's contents`,
    );
  }
  try {
    kubeconfig.loadFromString(pathOrContents);
  } catch (error) {
    const why = error instanceof Error ? error.message.split("\n")[0] : String(error);
    throw new Error(`kubeconfig: the contents given cannot be read: ${why ?? ""}`, {
      cause: error,
    });
  }
  kubeconfig.makePathsAbsolute(join(homedir(), ".kube"));
  return kubeconfig;
}

function useCluster(kubeconfig: KubeConfig, cluster: string): void {
  if (kubeconfig.getCluster(cluster) === null) {
    const known = kubeconfig.getClusters().map(({ name }) => name);
    throw new Error(
      `kubeconfig: no cluster ${JSON.stringify(cluster)}; it has ${JSON.stringify(known)}`,
    );
  }
  const user = kubeconfig.getCurrentUser();
  const name = `${kubeconfig.getCurrentContext()} on ${cluster}`;
  const namespace = kubeconfig.getContextObject(kubeconfig.getCurrentContext())?.namespace;
  kubeconfig.addContext({ name, cluster, user: user?.name ?? "", ...(namespace && { namespace }) });
  kubeconfig.setCurrentContext(name);
}

function setting(inputs: JsonObject, name: string): string | undefined {
  const value = at(inputs, name);
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** The SDK sends what is no string as JSON text. */
function flag(inputs: JsonObject, name: string, variable: string): boolean {
  const value = at(inputs, name) ?? process.env[variable];
  return value === true || value === "true";
}

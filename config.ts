import * as pulumi from "@pulumi/pulumi";
import { resolvePlan } from "./plan/plan";
import { formatPath, formatProblems, quote, type Problem } from "./plan/problems";
import { isMap } from "./plan/schema";
import { schemaProblems } from "./plan/schemaProblems";
import { stackConfigSchema, type StackConfig } from "./plan/stackConfig";

/**
 * The configuration that the raw values stand for.
 *
 * @param raw - Values by key, without `modelstore:`.
 * @param stack - Name of the stack, for the message.
 * @throws RunError that lists everything that is wrong: of the values alone, and of what they mean together.
 */
export function parseStackConfig(
  raw: Readonly<Record<string, unknown>>,
  stack: string,
): StackConfig {
  const parsed = stackConfigSchema.safeParse(raw, { reportInput: true });
  if (parsed.success) {
    const { problems } = resolvePlan(parsed.data);
    if (problems.length === 0) return parsed.data;
    throw configError(stack, problems);
  }
  const problems = schemaProblems(parsed.error.issues);
  throw configError(stack, [...problems, ...problemsBeside(raw, problems)]);
}

/**
 * The configuration in a stack's file, such as `Pulumi.dev.yaml`, read without Pulumi.
 *
 * @param file - The parsed file. Keys of other namespaces are left to those that they belong to.
 * @param stack - Name of the stack, for the message.
 * @throws RunError as {@link parseStackConfig} does.
 */
export function parseStackFile(file: unknown, stack: string): StackConfig {
  const values = isMap(file) && isMap(file.config) ? file.config : {};
  const raw: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(values)) {
    // The engine takes a key without a namespace for one of the project's own.
    const [namespace, name] = key.includes(":") ? splitKey(key) : [project, key];
    if (namespace === project) raw[name] = value;
  }
  const secrets = Object.entries(raw).flatMap(([key, value]) => encryptedPaths(value, [key]));
  if (secrets.length > 0) throw configError(stack, secrets.map(secretProblem));
  return parseStackConfig(raw, stack);
}

/**
 * The running stack's configuration: the one place that asks Pulumi for it.
 *
 * @throws RunError as {@link parseStackConfig} does.
 */
export function loadStackConfig(): StackConfig {
  const stack = pulumi.getStack();
  const raw: Record<string, unknown> = {};
  const secrets: Problem[] = [];
  for (const [key, value] of Object.entries(pulumi.runtime.allConfig())) {
    const [namespace, name] = splitKey(key);
    if (namespace !== project) continue;
    raw[name] = structured(value);
    if (isSecret(key)) secrets.push(secretProblem([name]));
  }
  if (secrets.length > 0) throw configError(stack, secrets);
  return parseStackConfig(raw, stack);
}

const project = "modelstore";

function splitKey(key: string): [namespace: string, name: string] {
  const colon = key.indexOf(":");
  return [key.slice(0, colon), key.slice(colon + 1)];
}

/** Maps and lists reach the program as JSON, everything else as it was written. */
function structured(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

/** Pulumi tells which keys are secret, but not in its typings. */
function isSecret(key: string): boolean {
  const runtime = pulumi.runtime as unknown as { isConfigSecret(key: string): boolean };
  return runtime.isConfigSecret(key);
}

function encryptedPaths(value: unknown, path: readonly (string | number)[]): (string | number)[][] {
  if (Array.isArray(value)) {
    return value.flatMap((entry, index) => encryptedPaths(entry, [...path, index]));
  }
  if (!isMap(value)) return [];
  if (typeof value.secure === "string" && Object.keys(value).length === 1) return [[...path]];
  return Object.entries(value).flatMap(([key, entry]) => encryptedPaths(entry, [...path, key]));
}

/** Encrypted values are refused, since all that modelstore could do with one is to write it into a pod for all to read. */
function secretProblem(path: readonly (string | number)[]): Problem {
  return {
    path,
    message:
      "holds a value encrypted with --secret, which would end in the specification of a pod; put it in a Kubernetes Secret and name that, as tokenSecret does",
  };
}

function configError(stack: string, problems: readonly Problem[]): pulumi.RunError {
  const listed = formatProblems(
    `stack ${quote(stack)}`,
    "configuration value",
    problems,
    `${project}:`,
  );
  const commands = problems.flatMap(({ path, suggestion }) =>
    suggestion === undefined
      ? []
      : [`  pulumi config set --path '${project}:${formatPath(path)}' ${suggestion}`],
  );
  const remedy = commands.length === 0 ? [] : ["for example:", ...commands];
  return new pulumi.RunError([listed, ...remedy].join("\n"));
}

/**
 * What the values mean together, as far as the sound ones among them tell: an entry with a problem of its own is left
 * out, and what refers to it is not blamed.
 */
function problemsBeside(
  raw: Readonly<Record<string, unknown>>,
  problems: readonly Problem[],
): readonly Problem[] {
  const isUnsound = (key: string, name?: string) =>
    problems.some(
      ({ path }) =>
        path[0] === key && (name === undefined || path.length === 1 || path[1] === name),
    );
  // Only names hang on the namespace; any stands in for one that is missing.
  const sound: Record<string, unknown> = { cluster: { namespace: "default" } };
  for (const [key, value] of Object.entries(raw)) {
    if (["storage", "volumes", "models"].includes(key) && isMap(value)) {
      const entries = Object.entries(value).filter(([name]) => !isUnsound(key, name));
      sound[key] = Object.fromEntries(entries);
    } else if (!isUnsound(key)) {
      sound[key] = value;
    }
  }
  const parsed = stackConfigSchema.safeParse(sound);
  return parsed.success ? resolvePlan(parsed.data, isUnsound).problems : [];
}

import { isAbsolute } from "node:path";
import {
  ExitCode,
  problemOfModelPath,
  type JobReference,
  type PopulationSpec,
} from "../plan/population";
import { InvalidSourceError, parseSource } from "../plan/sources";
import { LoaderError } from "./errors";

/** Knows what is right for one field; returns the end of a sentence that starts with the value. */
type Check = (value: unknown) => string | undefined;

const checks: Readonly<Record<keyof PopulationSpec, Check>> = {
  schema: (value) => (value === 1 ? undefined : "is not 1, the version that this loader knows"),
  source: problemOfSource,
  endpoint: (value) => optional(value, problemOfEndpoint),
  tokenFile: (value) => optional(value, problemOfAbsolutePath),
  volume: problemOfAbsolutePath,
  path: (value) => (typeof value === "string" ? problemOfModelPath(value) : "is not a string"),
  include: (value) => optional(value, problemOfPatterns),
  exclude: (value) => optional(value, problemOfPatterns),
  allowPickle: (value) =>
    optional(value, (given) => (typeof given === "boolean" ? undefined : "is not true or false")),
  job: (value) => optional(value, problemOfJob),
};

/**
 * The specification that a file's text stands for.
 *
 * @param text - JSON
 * @param file - where it comes from, for messages
 * @throws LoaderError with exit code 64 that names everything that is wrong
 */
export function parseSpecification(text: string, file: string): PopulationSpec {
  const value = parseJson(text, file);
  if (!isObject(value)) {
    throw new LoaderError(ExitCode.Usage, `${file} is not a JSON object`);
  }
  const unknown = Object.keys(value)
    .filter((key) => !Object.hasOwn(checks, key))
    .map((key) => `${key}: is no field; the fields are ${Object.keys(checks).join(", ")}`);
  const invalid = Object.entries(checks).flatMap(([key, check]) => {
    const given = value[key];
    const why = check(given);
    return why === undefined ? [] : [`${key}: ${shown(given)} ${why}`];
  });
  const problems = [...unknown, ...invalid];
  if (problems.length > 0) {
    throw new LoaderError(ExitCode.Usage, `${file} is invalid: ${problems.join("; ")}`);
  }
  return value as unknown as PopulationSpec;
}

/** A value as messages show it: without the credentials that a URL may have. */
function shown(value: unknown): string {
  return value === undefined
    ? "nothing"
    : JSON.stringify(value).replace(/(https?:\/\/)[^/@"]*@/g, "$1***@");
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new LoaderError(ExitCode.Usage, `${file} is not JSON: ${(error as Error).message}`);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function optional(value: unknown, check: Check): string | undefined {
  return value === undefined ? undefined : check(value);
}

function problemOfSource(value: unknown): string | undefined {
  if (typeof value !== "string") return "is not a string";
  try {
    parseSource(value);
    return undefined;
  } catch (error) {
    if (error instanceof InvalidSourceError) return `${error.why}; ${error.remedy}`;
    throw error;
  }
}

function problemOfEndpoint(value: unknown): string | undefined {
  if (typeof value !== "string" || !URL.canParse(value)) return "is not a URL";
  const { protocol, username, password, search, hash } = new URL(value);
  if (protocol !== "https:" && protocol !== "http:") return "is not an http or https URL";
  if (username !== "" || password !== "") return "has credentials; give a tokenFile instead";
  if (search !== "" || hash !== "") return "has a query or a fragment";
  return undefined;
}

function problemOfAbsolutePath(value: unknown): string | undefined {
  return typeof value === "string" && isAbsolute(value) ? undefined : "is not an absolute path";
}

function problemOfPatterns(value: unknown): string | undefined {
  return Array.isArray(value) && value.every((each) => typeof each === "string" && each !== "")
    ? undefined
    : "is not a list of patterns";
}

function problemOfJob(value: unknown): string | undefined {
  const fields: readonly (keyof JobReference)[] = ["namespace", "name"];
  return isObject(value) &&
    Object.keys(value).length === fields.length &&
    fields.every((field) => /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(String(value[field])))
    ? undefined
    : "is not a Job's namespace and name";
}

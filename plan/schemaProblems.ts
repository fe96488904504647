import type { z } from "zod";
import { didYouMean } from "./didYouMean";
import { alternatives, quote, type Problem } from "./problems";

type Issue = z.core.$ZodIssue;
type Path = readonly (string | number)[];

/** Words that people bring from Kubernetes, OME and other deployers, and what they are called here. */
const otherWords: Readonly<Record<string, string>> = {
  storageClass: "storage",
  storageClassName: "storage",
  capacity: "size",
  reclaimPolicy: "deletionPolicy",
  retentionPolicy: "deletionPolicy",
  revision: "source",
  uri: "source",
  authSecretName: "tokenSecret",
  capabilities: "modelCapabilities",
  format: "modelFormat",
  shm: "sharedMemorySize",
  shmSize: "sharedMemorySize",
  type: "kind",
};

/** Says that a key means nothing where it stands, and which one was probably meant. */
export function unknownKeyMessage(key: string, known: readonly string[]): string {
  const translated = Object.hasOwn(otherWords, key) ? otherWords[key] : undefined;
  const meant =
    translated !== undefined && known.includes(translated) ? translated : didYouMean(key, known);
  if (meant !== undefined) return `unknown key; did you mean ${quote(meant)}?`;
  return `unknown key; expected ${alternatives(known)}`;
}

/**
 * Puts what a schema found wrong into the words that every error here has.
 *
 * @param issues - As `safeParse` gives them with `reportInput: true`.
 */
export function schemaProblems(issues: readonly Issue[]): Problem[] {
  return issues.flatMap((issue): Problem[] => {
    const path = issue.path.map((part) => (typeof part === "number" ? part : String(part)));
    if (issue.code === "unrecognized_keys") {
      // The schema's own message has one line for each key.
      const messages = issue.message.split("\n");
      return issue.keys.map((key, position) => ({
        path: [...path, key],
        message: messages[position] ?? issue.message,
      }));
    }
    return [describe(issue, path)];
  });
}

function describe(issue: Issue, path: Path): Problem {
  const { input } = issue;
  switch (issue.code) {
    case "invalid_type":
      return { path, ...wrongType(issue.expected, input) };
    case "invalid_value":
      return { path, ...notAmong(issue.values.map(String), input) };
    case "invalid_union": {
      // Only unions told apart by a key are used; the issue stands at that key, with the whole object as input.
      const key = path.at(-1) ?? "";
      const options = (issue as { options?: readonly unknown[] }).options ?? [];
      return { path, ...notAmong(options.map(String), (input as Record<string, unknown>)[key]) };
    }
    case "too_small":
      return { path, message: outOfRange(input, "at least", issue.minimum) };
    case "too_big":
      return { path, message: outOfRange(input, "at most", issue.maximum) };
    case "invalid_key":
      return { path, message: issue.issues[0]?.message ?? issue.message };
    case "custom":
    case "invalid_element":
    case "invalid_format":
    case "not_multiple_of":
    case "unrecognized_keys":
      return { path, message: issue.message };
  }
}

const typeNames: Readonly<Record<string, string>> = {
  string: "a text",
  int: "a whole number",
  number: "a whole number",
  boolean: "true or false",
  object: "a map",
  record: "a map",
  array: "a list",
};

function wrongType(expected: string, input: unknown): Omit<Problem, "path"> {
  const message = `got ${quote(input)}, expected ${typeNames[expected] ?? expected}`;
  if (input === null) {
    return {
      message: `${message}; YAML reads a key without a value as null: give it one, or remove the key`,
    };
  }
  if (expected === "string" && (typeof input === "number" || typeof input === "boolean")) {
    return {
      message: `${message}; YAML reads it as a ${typeof input}: write ${quote(String(input))}`,
    };
  }
  if (expected !== "string" && typeof input === "string" && isScalar(expected, input)) {
    const suggestion = JSON.parse(input) as number | boolean;
    return { message: `${message}; write ${input} without quotes`, suggestion };
  }
  return { message };
}

function isScalar(expected: string, text: string): boolean {
  return expected === "boolean" ? /^(true|false)$/.test(text) : /^(0|[1-9]\d{0,8})$/.test(text);
}

function notAmong(values: readonly string[], input: unknown): Omit<Problem, "path"> {
  const message = `got ${quote(input)}, expected ${alternatives(values)}`;
  const meant = typeof input === "string" ? didYouMean(input, values) : undefined;
  return meant === undefined ? { message } : { message, suggestion: meant };
}

function outOfRange(input: unknown, bound: string, limit: number | bigint): string {
  const entries = Number(limit) === 1 ? "entry" : "entries";
  const what = Array.isArray(input) ? `${bound} ${limit} ${entries}` : `${bound} ${limit}`;
  return `got ${quote(input)}, expected ${what}`;
}

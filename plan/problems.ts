/** One thing that is wrong with what the user wrote. */
export interface Problem {
  /** Where: the property path, e.g. `["models", "llama", "serve", "replicas"]`. */
  readonly path: readonly (string | number)[];
  /** What was got (in JSON quotes), why not, and what to do; lower case, no final period. */
  readonly message: string;
  /** A value that would be accepted at `path`. Configuration errors show it as a `pulumi config set` command. */
  readonly suggestion?: string | number | boolean;
}

/**
 * Writes a property path in Pulumi's own syntax, e.g. `models.llama.serve.args["max-model-len"]`.
 *
 * Plain names and names with hyphens stay as they are; what would be ambiguous (dots, spaces, brackets) is quoted.
 */
export function formatPath(path: readonly (string | number)[]): string {
  return path
    .map((part, position) => {
      if (typeof part === "number") return `[${String(part)}]`;
      if (!/^[A-Za-z0-9_-]+$/.test(part)) return `[${JSON.stringify(part)}]`;
      return position === 0 ? part : `.${part}`;
    })
    .join("");
}

/**
 * Lists every problem of one object under one heading: the only shape that errors about input have.
 *
 * @param subject - What is wrong, e.g. `modelstore:index:ModelVolume "weights"` or `stack "dev"`.
 * @param noun - What the paths name, in the singular.
 * @param problems - At least one.
 * @param prefix - Written before every path; `modelstore:` for stack configuration.
 */
export function formatProblems(
  subject: string,
  noun: "argument" | "configuration value",
  problems: readonly Problem[],
  prefix = "",
): string {
  const heading = `${subject} has ${problems.length} invalid ${noun}${problems.length === 1 ? "" : "s"}`;
  const lines = problems.map(({ path, message }) => `  ${prefix}${formatPath(path)}: ${message}`);
  return [heading, ...lines].join("\n");
}

/** Quotes a value as the messages do: JSON, so that `"8"` and `8` look different; what is long is cut, what is absent is `nothing`. */
export function quote(value: unknown): string {
  const json = JSON.stringify(value) as string | undefined;
  if (json === undefined) return "nothing";
  return json.length <= longestQuote ? json : `${json.slice(0, longestQuote)}…`;
}

const longestQuote = 160;

/** Joins alternatives for a message: `"a", "b" or "c"`. */
export function alternatives(values: readonly string[]): string {
  const quoted = values.map(quote);
  const last = quoted.pop() ?? "";
  return quoted.length === 0 ? last : `${quoted.join(", ")} or ${last}`;
}

import { parse, stringify } from "yaml";

/** A stack's configuration file: its values under `config`, and what the engine keeps beside them (its salt). */
interface StackFile {
  config?: Record<string, unknown>;
  [engineKey: string]: unknown;
}

/**
 * Lays an overlay's values over a stack file's. Where both sides of a key hold a map (of storage classes, volumes,
 * models), the overlay's entries are added to the others and replace those of their own name; every other value is
 * replaced whole. What an engine keeps beside the values (its salt) belongs to one workspace: the base's is left out, that
 * of an earlier result is kept.
 *
 * @param base - text of the stack file
 * @param overlay - text of the file whose `config` is laid over it
 * @param previous - text of an earlier result for the same workspace, without whose salt the engine could no longer read
 *   the secrets in its state
 */
export function overlayStackFile(base: string, overlay: string, previous?: string): string {
  const below = parse(base) as StackFile;
  const above = parse(overlay) as StackFile;
  const engineKeys: StackFile = previous === undefined ? {} : (parse(previous) as StackFile);
  const config: Record<string, unknown> = { ...below.config };
  for (const [key, value] of Object.entries(above.config ?? {})) {
    const under = config[key];
    config[key] = isMap(under) && isMap(value) ? { ...under, ...value } : value;
  }
  return stringify({ ...engineKeys, config });
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

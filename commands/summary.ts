import { formatTable } from "../local/table";
import { type StackOutputs } from "./stackOutputs";

/** How a model's last population went, as its Job records it. */
export interface PopulationFigures {
  readonly bytes: number;
  readonly downloadedBytes: number;
  readonly bytesPerSecond: number;
}

/**
 * What `npm run up` ends with: one row a model, from its volume to its endpoint.
 *
 * @param populations - by model; a model whose source needed none is not among them
 */
export function summarize(
  outputs: StackOutputs,
  populations: Readonly<Record<string, PopulationFigures | undefined>>,
): string {
  const rows = Object.entries(outputs.models).map(([name, model]) => {
    const volume = Object.values(outputs.volumes).find(
      ({ claim, namespace }) => claim === model.claim && namespace === model.namespace,
    );
    return [
      name,
      model.claim,
      volume?.accessModes.join(", ") ?? "?",
      volume?.capacity ?? "?",
      describePopulation(populations[name], model.bytes),
      model.uri,
      model.endpoint ?? "not served",
    ];
  });
  return formatTable([
    ["MODEL", "VOLUME", "ACCESS MODES", "SIZE", "POPULATED", "CATALOGUE URI", "ENDPOINT"],
    ...rows,
  ]);
}

function describePopulation(figures: PopulationFigures | undefined, bytes: number | null): string {
  if (figures === undefined) return bytes === null ? "?" : formatBytes(bytes);
  if (figures.downloadedBytes === 0) return `${formatBytes(figures.bytes)}, already there`;
  return `${formatBytes(figures.bytes)} at ${formatBytes(figures.bytesPerSecond)}/s`;
}

/** Bytes in the largest binary unit that leaves at least 1, with one decimal: `1.5 MiB`. */
export function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit] ?? ""}`;
}

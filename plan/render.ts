import { accessModeRules } from "./accessModes";
import type { Plan } from "./plan";

/** A plan as people read it: volumes, models and servers as tables, what they cost, and the warnings. */
export function renderPlan(plan: Plan): string {
  const { cluster, volumes, models, estimatedMonthlyCostUsd: cost, warnings } = plan;
  const where =
    cluster.context === undefined ? "the current context" : `context ${cluster.context}`;
  const sections = [
    `Namespace ${cluster.namespace} in ${where}${cluster.createNamespace ? ", made by the stack" : ""}`,
    table(
      ["VOLUME", "STORAGE", "CLASS", "ACCESS MODES", "SIZE", "ON DESTROY"],
      Object.entries(volumes).map(([name, volume]) => [
        name,
        volume.storage,
        plan.storageClasses[volume.storage]?.storageClassName ?? "the cluster's default",
        volume.accessModes.map((mode) => accessModeRules[mode].shortName).join(", "),
        volume.size,
        `${volume.deletionPolicy === "Retain" ? "kept" : "deleted"}${volume.protect ? ", protected" : ""}`,
      ]),
    ),
    table(
      ["MODEL", "SOURCE", "URI", "CATALOGUE", "GIVEN UP AFTER"],
      Object.entries(models).map(([name, model]) => [
        name,
        model.source,
        model.baseModel?.storageUri ?? model.uri,
        model.baseModel === undefined
          ? "-"
          : `${model.baseModel.kind} ${model.baseModel.modelName}`,
        duration(model.population.activeDeadlineSeconds),
      ]),
    ),
    table(
      ["SERVER", "KIND", "REPLICAS", "GPUS", "UPDATE", "SERVICE", "SERVED AS", "STARTS WITHIN"],
      Object.values(models).flatMap(({ servers }) =>
        Object.entries(servers).map(([name, server]) => [
          name,
          server.kind,
          String(server.replicas),
          String(server.gpus),
          server.updateStrategy,
          `${server.serviceType} ${server.serviceName}:${server.port}`,
          server.servedModelName,
          duration(server.startupBudgetSeconds),
        ]),
      ),
    ),
    table(
      ["COST", "USD A MONTH", "BASIS"],
      [
        ...Object.entries(cost.breakdown).map(([resource, { usd, basis }]) => [
          resource,
          price(usd),
          basis,
        ]),
        ["total", price(cost.total), cost.total === null ? "not every price is known" : ""],
      ],
    ),
    warnings.map((warning) => `warning: ${warning}`).join("\n"),
  ];
  return sections.filter((section) => section !== "").join("\n\n");
}

/** Left-aligned columns under their titles; nothing at all without rows. */
function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return "";
  const lines = [titles, ...rows];
  const widths = titles.map((_, column) =>
    Math.max(...lines.map((row) => row[column]?.length ?? 0)),
  );
  return lines
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function price(usd: number | null): string {
  return usd === null ? "unknown" : usd.toFixed(2);
}

/** Hours and minutes, rounded up to whole minutes: `1 h 5 min`. */
function duration(seconds: number): string {
  const minutes = Math.ceil(seconds / 60);
  const parts = [
    [Math.floor(minutes / 60), "h"],
    [minutes % 60, "min"],
  ] as const;
  return parts.flatMap(([count, unit]) => (count === 0 ? [] : [`${count} ${unit}`])).join(" ");
}

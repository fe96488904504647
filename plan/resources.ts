import type { Resources } from "./plan";
import { quote, type Problem } from "./problems";
import { compareCpuQuantities, compareQuantities } from "./quantity";

/** What Kubernetes would refuse of a container's resources: more requested than allowed. */
export function resourceProblems(
  { requests, limits }: Resources,
  path: readonly (string | number)[],
): Problem[] {
  const problems: Problem[] = [];
  const exceeds = (key: "cpu" | "memory", requested: string, limit: string) =>
    problems.push({
      path: [...path, "requests", key],
      message: `got ${quote(requested)}, more than the limit of ${quote(limit)}; request at most the limit`,
      suggestion: limit,
    });
  if (requests.cpu !== undefined && limits.cpu !== undefined) {
    if (compareCpuQuantities(requests.cpu, limits.cpu) > 0)
      exceeds("cpu", requests.cpu, limits.cpu);
  }
  if (requests.memory !== undefined && limits.memory !== undefined) {
    if (compareQuantities(requests.memory, limits.memory) > 0) {
      exceeds("memory", requests.memory, limits.memory);
    }
  }
  return problems;
}

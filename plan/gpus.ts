import type { Toleration } from "./plan";
import type { Problem } from "./problems";
import type { VllmArgs } from "./vllm";

/** The taint that keeps other pods off nodes with GPUs; pods that ask for GPUs put up with it. */
export const gpuToleration: Toleration = {
  key: "nvidia.com/gpu",
  operator: "Exists",
  effect: "NoSchedule",
};

/** Flags of vLLM whose product is the number of GPUs that a server uses. */
const parallelismFlags = [
  "tensor-parallel-size",
  "pipeline-parallel-size",
  "data-parallel-size",
] as const;

/** Flags that make a server use all of its GPUs: vLLM by itself would take one and leave the rest idle. */
export function spreadOverGpus(args: VllmArgs, gpus: number): VllmArgs {
  const spread = parallelismFlags.some((flag) => Object.hasOwn(args, flag));
  return gpus > 1 && !spread ? { ...args, "tensor-parallel-size": gpus } : args;
}

/**
 * What is wrong between the GPUs that a server has and those that its flags use.
 *
 * @param path - Where the number of GPUs was written.
 */
export function parallelismProblems(
  args: VllmArgs,
  gpus: number,
  path: readonly (string | number)[],
): Problem[] {
  const flags = parallelismFlags.filter((flag) => Object.hasOwn(args, flag));
  const used = flags.reduce((product, flag) => product * Number(args[flag]), 1);
  // What is no number is vLLM's to refuse, and on the CPU the flags count something else.
  if (gpus === 0 || !Number.isSafeInteger(used) || used <= gpus) return [];
  return [
    {
      path,
      message: `got ${gpus}, but ${flags.join(" times ")} in args uses ${used}; write ${used}`,
      suggestion: used,
    },
  ];
}

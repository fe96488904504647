import type { Problem } from "./problems";
import { parallelismFlags, type VllmArgs } from "./vllm";

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
  if (flags.length === 0 || gpus === 0 || !Number.isSafeInteger(used) || used <= gpus) return [];
  return [
    {
      path,
      message: `got ${gpus}, but ${flags.join(" times ")} in args uses ${used}; write ${used}`,
      suggestion: used,
    },
  ];
}

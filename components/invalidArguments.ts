import * as pulumi from "@pulumi/pulumi";
import { problemOfModelPath } from "../plan/population";
import { formatProblems, quote, type Problem } from "../plan/problems";

/**
 * Ends the program when a component was given arguments that cannot work, naming all of them at once.
 *
 * Components call it before `super`, so that nothing of a faulty component is ever registered.
 *
 * @param type - The component's type token.
 * @param name - The component's name.
 * @param problems - What is wrong; nothing happens when it is empty.
 * @throws pulumi.RunError, which Pulumi prints without a stack trace.
 */
export function rejectInvalidArguments(
  type: string,
  name: string,
  problems: readonly Problem[],
): void {
  if (problems.length === 0) return;
  throw new pulumi.RunError(
    formatProblems(`${type} ${JSON.stringify(name)}`, "argument", problems),
  );
}

/** The problem at one path, if there is one: turns what `plan/` says about a value into an entry of a list. */
export function problemAt(
  path: readonly (string | number)[],
  message: string | undefined,
): Problem[] {
  return message === undefined ? [] : [{ path, message }];
}

/** What is wrong with a model's directory in its volume, or undefined. */
export function modelPathProblem(path: string): string | undefined {
  const problem = problemOfModelPath(path);
  return problem === undefined
    ? undefined
    : `got ${quote(path)}, which ${problem}; write a directory relative to the volume's root such as "org/repo/revision"`;
}

/** What is wrong with a number that has to be whole and within bounds, or undefined. */
export function wholeNumberProblem(
  value: number,
  min: number,
  max: number = Number.MAX_SAFE_INTEGER,
): string | undefined {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return undefined;
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
  return `got ${value}, expected a whole number ${range}`;
}

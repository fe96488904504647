/** What went wrong in words for the person at the keyboard: printed alone, without a stack trace. */
export class CommandError extends Error {}

/**
 * Runs a command's main function. What fails with words of its own, ours or the platform's, is printed without a stack
 * trace and ends the process with 1; what only a mistake in the code can throw (a `TypeError`, say) keeps its trace.
 */
export function runCommand(main: () => Promise<void>): void {
  main().catch((error: unknown) => {
    process.exitCode = 1;
    if (!(error instanceof Error && error.name === "Error")) throw error;
    process.stderr.write(`\n${error.message}\n`);
  });
}

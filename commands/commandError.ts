/** What went wrong in words for the person at the keyboard: printed alone, without a stack trace. */
export class CommandError extends Error {}

/** Runs a command's main function; a {@link CommandError} is printed and ends the process with 1. */
export function runCommand(main: () => Promise<void>): void {
  main().catch((error: unknown) => {
    process.exitCode = 1;
    if (error instanceof CommandError) process.stderr.write(`\n${error.message}\n`);
    else throw error;
  });
}

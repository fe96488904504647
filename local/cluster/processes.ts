/** Lets the given time pass. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Asks again and again until the answer is yes; says whether it was before the time was over. */
export async function eventually(
  question: () => boolean | Promise<boolean>,
  { seconds, everyMilliseconds = 100 }: { seconds: number; everyMilliseconds?: number },
): Promise<boolean> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    if (await question()) return true;
    if (Date.now() >= end) return false;
    await pause(everyMilliseconds);
  }
}

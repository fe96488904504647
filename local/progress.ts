/** One finished step: its name and how long it took. */
export interface StepTime {
  readonly name: string;
  readonly seconds: number;
}

/**
 * Tells a person what is going on: a line when a step starts and one when it ends, each with the time since the
 * beginning. Steps may overlap. The collected times make the closing table.
 */
export class Progress {
  private readonly began = Date.now();
  private readonly times: StepTime[] = [];

  /**
   * @param write - where the lines go
   * @defaultValue standard error, so that a command's standard output stays clean
   */
  constructor(
    private readonly write: (line: string) => void = (line) => process.stderr.write(`${line}\n`),
  ) {}

  /** The steps that have ended well, in the order in which they ended. */
  get steps(): readonly StepTime[] {
    return this.times;
  }

  /** Runs `work` as a named step; its failure is reported and passed on. */
  async step<T>(name: string, work: () => Promise<T>): Promise<T> {
    const from = Date.now();
    this.line(`${name} …`);
    try {
      const result = await work();
      const seconds = (Date.now() - from) / 1000;
      this.times.push({ name, seconds });
      this.line(`${name}: done in ${seconds.toFixed(1)} s`);
      return result;
    } catch (error) {
      this.line(`${name}: failed after ${((Date.now() - from) / 1000).toFixed(1)} s`);
      throw error;
    }
  }

  /** One line of news. */
  line(text: string): void {
    const elapsed = ((Date.now() - this.began) / 1000).toFixed(0).padStart(4);
    this.write(`[${elapsed} s] ${text}`);
  }
}

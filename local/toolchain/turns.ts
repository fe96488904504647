/** Lets a limited number of works run at once; the others wait for their turn, first come, first served. */
export class Turns {
  private readonly waiting: (() => void)[] = [];

  /** @param free - how many may run at once */
  constructor(private free: number) {}

  /** Runs `work` when its turn has come. */
  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.free > 0) this.free -= 1;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.free += 1;
    }
  }
}

/** Tells what is going on: JSON lines for programs on standard output, sentences for people on standard error. */
export class Progress {
  private readonly began = Date.now();
  private transferBegan = 0;
  private transferred = 0;
  private done = 0;
  private total = 0;
  private files = 0;
  private totalFiles = 0;
  private transferEnded: number | undefined;
  private timer: NodeJS.Timeout | undefined;

  /** How many bytes came from the source, those that turned out to be useless among them. */
  get downloadedBytes(): number {
    return this.transferred;
  }

  /** Since the beginning. */
  get seconds(): number {
    return (Date.now() - this.began) / 1000;
  }

  /** While the transfer lasts, or lasted; 0 without one. */
  get bytesPerSecond(): number {
    const milliseconds = Math.max(1, (this.transferEnded ?? Date.now()) - this.transferBegan);
    return this.transferred === 0 ? 0 : Math.round((this.transferred * 1000) / milliseconds);
  }

  /** Reports every few seconds from now on. */
  startTransfer(total: number, files: number): void {
    this.transferBegan = Date.now();
    this.total = total;
    this.totalFiles = files;
    this.say(`fetching ${files} files, ${formatBytes(total)}`);
    this.timer = setInterval(() => {
      this.report();
    }, reportMilliseconds);
  }

  addBytes(count: number): void {
    this.done += count;
    this.transferred += Math.max(0, count);
  }

  addFile(): void {
    this.files++;
  }

  /** Reports once more, and then no longer. */
  endTransfer(): void {
    clearInterval(this.timer);
    this.transferEnded = Date.now();
    this.report();
  }

  /** A line for people. */
  say(line: string): void {
    process.stderr.write(`modelstore: ${line}\n`);
  }

  private report(): void {
    const rate = this.bytesPerSecond;
    const left = this.total - this.done;
    const etaSeconds = rate === 0 ? undefined : Math.round(left / rate);
    process.stdout.write(
      `${JSON.stringify({
        event: "progress",
        bytes: this.done,
        total: this.total,
        bytesPerSecond: rate,
        files: this.files,
        totalFiles: this.totalFiles,
        etaSeconds,
      })}\n`,
    );
    const eta = etaSeconds === undefined || left === 0 ? "" : `, ${etaSeconds} s to go`;
    this.say(
      `${formatBytes(this.done)} of ${formatBytes(this.total)}, ${this.files} of ${this.totalFiles} files, ${formatBytes(rate)}/s${eta}`,
    );
  }
}

const reportMilliseconds = 5_000;

/** A number of bytes for people, such as `1.5 GiB`. */
export function formatBytes(bytes: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  const magnitude = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  const value = bytes / 1024 ** magnitude;
  return `${magnitude === 0 ? value : value.toFixed(1)} ${units[magnitude] ?? ""}`;
}

import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

/**
 * Links to the content delivery network that need no token and end, as the public hub gives them out.
 * The key lives as long as the process: a hub started again refuses the links of the one before it.
 */
export class Links {
  private readonly key = randomBytes(32);

  /** @param seconds - how long a link is good for */
  constructor(private readonly seconds: number) {}

  /** Appends the end of its validity and a signature to a link's path. */
  sign(path: string): string {
    const expires = String(Math.floor(Date.now() / 1000 + this.seconds));
    return `${path}?Expires=${expires}&Signature=${this.signature(path, expires)}`;
  }

  /** Whether this hub gave out the link and it has not ended. */
  isGood(url: URL): boolean {
    const expires = url.searchParams.get("Expires") ?? "";
    const given = Buffer.from(url.searchParams.get("Signature") ?? "");
    const right = Buffer.from(this.signature(url.pathname, expires));
    return (
      given.length === right.length &&
      timingSafeEqual(given, right) &&
      Date.now() / 1000 < Number(expires)
    );
  }

  private signature(path: string, expires: string): string {
    return createHmac("sha256", this.key).update(`${path}\n${expires}`).digest("hex");
  }
}

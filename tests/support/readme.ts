import { readFileSync } from "node:fs";
import { join } from "node:path";
import { checkout } from "../../local/paths";

/** The README's commands, so that a test runs what a reader would type, and notices what it does not run. */
export class Readme {
  private readonly text = readFileSync(join(checkout, "README.md"), "utf8");
  private readonly taken = new Set<string>();

  /** The lines of its `sh` blocks, without comments. */
  get commands(): readonly string[] {
    return this.blocks("sh")
      .flatMap((block) => block.split("\n"))
      .map((line) => line.replace(/ +#.*/, "").trim())
      .filter((line) => line !== "" && !line.startsWith("#"));
  }

  /** A command of the README, for running it. @throws Error when the README does not have it. */
  command(line: string): string {
    if (!this.commands.includes(line)) throw new Error(`the README has no command ${line}`);
    this.taken.add(line);
    return line;
  }

  /** The commands that nothing has asked for. */
  get untaken(): readonly string[] {
    return this.commands.filter((line) => !this.taken.has(line));
  }

  /** The text of each fenced block in a language. */
  blocks(language: string): string[] {
    const fence = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "gms");
    return [...this.text.matchAll(fence)].map((match) => match[1] ?? "");
  }
}

/**
 * The pattern language of `hf download --include` and `--exclude`, which is Python's fnmatch: `*` matches anything, `/`
 * too; `?` one character; `[a-z]` and `[!a-z]` one of a set. A pattern that ends with `/` means all that is below.
 */
export function globPattern(pattern: string): RegExp {
  const glob = pattern.endsWith("/") ? `${pattern}*` : pattern;
  let source = "";
  for (let at = 0; at < glob.length; at++) {
    const character = glob.charAt(at);
    if (character === "*") source += ".*";
    else if (character === "?") source += ".";
    else if (character === "[") {
      // A bracket right after the opening one, or after its negation, is a member.
      const close = glob.indexOf("]", at + (glob[at + 1] === "!" ? 3 : 2));
      if (close < 0) source += "\\[";
      else {
        source += characterSet(glob.slice(at + 1, close));
        at = close;
      }
    } else source += escape(character);
  }
  return new RegExp(`^${source}$`, "su");
}

function characterSet(content: string): string {
  const negated = content.startsWith("!");
  const members = Array.from(negated ? content.slice(1) : content);
  let ranges = "";
  for (let at = 0; at < members.length; at++) {
    const first = codePoint(members[at]);
    const isRange = members[at + 1] === "-" && at + 2 < members.length;
    const last = isRange ? codePoint(members[at + 2]) : first;
    if (isRange) at += 2;
    // One that ends before it starts has no members.
    if (first <= last) ranges += `\\u{${first.toString(16)}}-\\u{${last.toString(16)}}`;
  }
  return `[${negated ? "^" : ""}${ranges}]`;
}

function codePoint(character = ""): number {
  return character.codePointAt(0) ?? 0;
}

function escape(character: string): string {
  return character.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}

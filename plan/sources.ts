/** A repository of the Hugging Face Hub, or of a mirror that speaks its protocol. */
export interface HuggingFaceSource {
  readonly kind: "huggingFace";
  /** The canonical form: `hf://org/repo@revision`. */
  readonly uri: string;
  /** The user or organisation that owns the repository. */
  readonly organisation: string;
  /** The repository's name within its organisation. */
  readonly name: string;
  /** `organisation/name`, as the Hub writes it. */
  readonly repository: string;
  /** A branch, a tag, a reference such as `refs/pr/1`, or a commit; `main` when the URI names none. */
  readonly revision: string;
  /** Whether `revision` is a full commit, so that it means the same bytes for ever. */
  readonly pinned: boolean;
}

/** Where a model's files come from, told apart by `kind`. */
export type Source = HuggingFaceSource;

/** A source that cannot be understood; the message tells where, what was got, why not and what to do. */
export class InvalidSourceError extends Error {
  override readonly name = "InvalidSourceError";

  /**
   * @param path - where the source was written, such as `models.llama.source`
   * @param got - the text as written
   * @param why - why it is no source
   * @param remedy - what to write instead
   */
  constructor(
    readonly path: string,
    readonly got: string,
    readonly why: string,
    readonly remedy: string,
  ) {
    super(`${path}: ${JSON.stringify(got)} ${why}; ${remedy}`);
  }
}

/**
 * The typed source that a URI stands for.
 *
 * @param text - such as `hf://meta-llama/Llama-3.1-8B-Instruct@0e9e39f249a16976918f6564b8830bc894c89659`
 * @param path - where it was written, for the message
 * @throws {@link InvalidSourceError} when it is none, or is ambiguous
 */
export function parseSource(text: string, path = "source"): Source {
  const fail = (why: string, remedy: string) => new InvalidSourceError(path, text, why, remedy);
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1];
  if (scheme === undefined) {
    throw fail("has no scheme", `write ${expected}`);
  }
  if (scheme !== "hf") {
    throw fail(`has the unsupported scheme ${JSON.stringify(scheme)}`, `write ${expected}`);
  }
  const rest = text.slice("hf://".length);
  const at = rest.indexOf("@");
  const repository = at < 0 ? rest : rest.slice(0, at);
  const revision = at < 0 ? "main" : rest.slice(at + 1);

  const [organisation, name, ...more] = repository.split("/");
  if (organisation === undefined || name === undefined || more.length > 0) {
    throw fail(
      `names ${JSON.stringify(repository)} where a repository's organisation and name are expected`,
      "write hf://org/repo, and a revision after @ where one is meant",
    );
  }
  for (const [part, what] of [
    [organisation, "organisation"],
    [name, "repository name"],
  ] as const) {
    const why = problemOfName(part);
    if (why !== undefined) {
      throw fail(`has the ${what} ${JSON.stringify(part)}, which ${why}`, `write ${expected}`);
    }
  }
  const why = problemOfRevision(revision);
  if (why !== undefined) {
    throw fail(
      `has the revision ${JSON.stringify(revision)}, which ${why}`,
      "write a branch, a tag or a commit of 40 lower-case hexadecimal digits after @",
    );
  }
  return {
    kind: "huggingFace",
    uri: `hf://${repository}@${revision}`,
    organisation,
    name,
    repository,
    revision,
    pinned: isCommit(revision),
  };
}

/** Whether a revision is a full commit: 40 lower-case hexadecimal digits. */
export function isCommit(revision: string): boolean {
  return /^[0-9a-f]{40}$/.test(revision);
}

const expected = "hf://org/repo or hf://org/repo@revision";

/** The Hub's own rules for the two halves of a repository's name. */
function problemOfName(name: string): string | undefined {
  if (name === "") return "is empty";
  if (name.length > 96) return `has ${name.length} characters where 96 is the most`;
  if (!/^[A-Za-z0-9._-]+$/.test(name)) return "has characters other than A-Z a-z 0-9 . _ -";
  if (/^[.-]|[.-]$/.test(name)) return "starts or ends with . or -";
  if (/\.\.|--/.test(name)) return "contains .. or --";
  if (name.endsWith(".git")) return "ends with .git";
  return undefined;
}

/** Git's rules for names of references, which a commit satisfies too. */
function problemOfRevision(revision: string): string | undefined {
  if (revision === "") return "is empty";
  if (revision.length > 255) return `has ${revision.length} characters where 255 is the most`;
  if (/^[0-9A-Fa-f]{40}$/.test(revision) && !isCommit(revision)) {
    return "is a commit in upper case";
  }
  if (!/^[A-Za-z0-9._/+-]+$/.test(revision)) {
    return "has characters other than A-Z a-z 0-9 . _ / + -";
  }
  if (revision.includes("..")) return "contains ..";
  const parts = revision.split("/");
  if (parts.includes("")) return "starts or ends with / or contains //";
  if (parts.some((part) => /^[.-]|\.$|\.lock$/.test(part))) {
    return "has a part that starts with . or -, or ends with . or .lock";
  }
  return undefined;
}

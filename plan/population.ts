/**
 * What the program that declares a population Job and the loader that runs in it agree upon: the specification that
 * goes in, the result and the exit code that come out, and what lies on the volume afterwards.
 */

import type { Problem } from "./problems";

/** What the loader is to do: the content of `population.json`. */
export interface PopulationSpec {
  /** The version of this format. */
  readonly schema: 1;
  /** Where the files come from, as `parseSource` understands it. */
  readonly source: string;
  /**
   * The Hub, or a mirror that speaks its protocol.
   *
   * @defaultValue `"https://huggingface.co"`
   */
  readonly endpoint?: string;
  /**
   * A file that holds the access token, and nothing else.
   *
   * @defaultValue - no token: public repositories only
   */
  readonly tokenFile?: string;
  /** Where the volume is mounted. An absolute path. */
  readonly volume: string;
  /** Where in the volume the model appears, such as `org/repo/revision`. Relative. */
  readonly path: string;
  /**
   * Patterns of files to fetch, in the manner of `hf download --include`: `*` also matches `/`.
   *
   * @defaultValue - every file but weights in formats other than safetensors
   */
  readonly include?: readonly string[];
  /**
   * Patterns of files to leave out, even where `include` matches them.
   *
   * @defaultValue - none
   */
  readonly exclude?: readonly string[];
  /**
   * Whether Python pickles, which run code when a framework loads them, are fetched too, as are all other formats of
   * weights. Of the latter, those that are safe come without it where a pattern of `include` names them.
   *
   * @defaultValue `false`
   */
  readonly allowPickle?: boolean;
  /**
   * The Job that this loader belongs to, whose annotation is to carry the result.
   *
   * @defaultValue - the result is written to the termination message and standard output only
   */
  readonly job?: JobReference;
}

/** A Job by its name. */
export interface JobReference {
  readonly namespace: string;
  readonly name: string;
}

/** What the loader did: the last line on its standard output and the value of {@link resultAnnotation}. */
export interface PopulationResult {
  /** The commit that the source's revision stood for. */
  readonly revision: string;
  /** How many files the model has. */
  readonly files: number;
  /** How large the files are together. */
  readonly bytes: number;
  /** How long the loader took. */
  readonly seconds: number;
  /** How fast bytes came from the source; 0 when none had to. */
  readonly bytesPerSecond: number;
  /** How many bytes came from the source; 0 when the volume had them all. */
  readonly downloadedBytes: number;
}

/** The commit record of a model's directory: it is written last, and a directory without it is not complete. */
export interface Manifest {
  /** The version of this format. */
  readonly schema: 1;
  /** The source as it was asked for, in its canonical form. */
  readonly source: string;
  /** The commit that the source's revision stood for. */
  readonly revision: string;
  /** Which of the source's files were asked for. */
  readonly selection: Selection;
  /** The files, ordered by path. */
  readonly files: readonly ManifestFile[];
  /** How large the files are together. */
  readonly bytes: number;
  /** When the last file had been verified, in ISO 8601. */
  readonly createdAt: string;
  /** The SHA-256 of the loader's code. */
  readonly loader: string;
}

/** Which of a source's files make the model. */
export interface Selection {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly allowPickle: boolean;
}

/** One file of a model. */
export interface ManifestFile {
  /** Relative to the manifest, with `/` between its parts. */
  readonly path: string;
  /** In bytes. */
  readonly size: number;
  /** In hexadecimal digits. */
  readonly sha256: string;
}

/** How the loader ends. Sysexits where they have a word for it. */
export const ExitCode = {
  /** The model is whole and at its path. */
  Done: 0,
  /** The arguments or the specification make no sense. */
  Usage: 64,
  /** What the source sent is not what it had stated, twice; or it names files that must not be written. */
  DataMismatch: 65,
  /** There is no such repository, revision or file. */
  NotFound: 66,
  /** The source cannot be reached, or keeps failing. */
  Unavailable: 69,
  /** The volume cannot be written, is too small, or has something else at the model's path. */
  CannotWrite: 73,
  /** Something passing went wrong. */
  TryAgain: 75,
  /** The token is missing, wrong, or has no access to the model. */
  NotAuthorised: 77,
  /** SIGTERM arrived; what was fetched so far is not visible. */
  Terminated: 143,
} as const;

/** One of {@link (ExitCode:variable)}'s values. */
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/**
 * Codes after which another attempt fails in the same way until a person changes something: the Job's
 * `podFailurePolicy` fails the Job at once.
 */
export const finalExitCodes = [
  ExitCode.Usage,
  ExitCode.DataMismatch,
  ExitCode.NotFound,
  ExitCode.CannotWrite,
  ExitCode.NotAuthorised,
] as const;

/** Codes after which another attempt may well succeed: the Job's `backoffLimit` counts them. */
export const retryableExitCodes = [
  ExitCode.Unavailable,
  ExitCode.TryAgain,
  ExitCode.Terminated,
] as const;

/** Where things are in the loader's container. */
export const loaderPaths = {
  /** The directory of the ConfigMap with the two files below. */
  directory: "/opt/modelstore",
  /** The loader's code. */
  code: "/opt/modelstore/loader.js",
  /** What it is to do: a {@link PopulationSpec}. */
  specification: "/opt/modelstore/population.json",
  /** The directory of the Secret with the token. */
  secretDirectory: "/var/run/secrets/modelstore",
  /** The access token. */
  token: "/var/run/secrets/modelstore/token",
  /** The volume. */
  volume: "/volume",
} as const;

/** The loader's command line, without the `node` that an image may need. */
export const loaderArguments = [loaderPaths.code, "populate", loaderPaths.specification] as const;

/** The user and the group that own what the loader writes. */
export const loaderUser = 1000;

/** The annotation of the Job that carries the {@link PopulationResult} as JSON. */
export const resultAnnotation = "modelstore/result";

/** The name of the {@link Manifest} in a model's directory. */
export const manifestName = ".modelstore.json";

/** The directory of a volume that is the loader's own; no model's path may lead into it. */
export const privateDirectory = ".modelstore";

/** A ConfigMap holds 1 MiB: the patterns' share of it, in bytes. The rest is the loader's. */
const maxPatternBytes = 128 * 1024;

/**
 * What is wrong with patterns that are too long to be handed to the loader.
 *
 * @param path - Where they were written.
 */
export function patternProblems(
  { include, exclude }: Pick<PopulationSpec, "include" | "exclude">,
  path: readonly (string | number)[] = [],
): Problem[] {
  const bytes = Buffer.byteLength(JSON.stringify([include, exclude]));
  if (bytes <= maxPatternBytes) return [];
  return [
    {
      path: [...path, include === undefined ? "exclude" : "include"],
      message: `got ${bytes} bytes in include and exclude together, expected at most ${maxPatternBytes}, as they lie in a ConfigMap beside the loader; use fewer patterns with more wildcards`,
    },
  ];
}

/**
 * Why a model's path cannot be used, as the end of a sentence that starts with the path.
 *
 * @returns nothing when the path is good
 */
export function problemOfModelPath(path: string): string | undefined {
  if (path === "") return "is empty";
  if (path.startsWith("/")) return "is absolute";
  if (path.length > 1024) return `has ${path.length} characters where 1024 is the most`;
  if (/[\p{Cc}\\]/u.test(path)) return "has a backslash or a control character";
  const parts = path.split("/");
  if (parts.includes("")) return "has an empty part";
  if (parts.some((part) => part === "." || part === "..")) return "has a part that is . or ..";
  if (parts.some((part) => Buffer.byteLength(part) > 255)) return "has a part of over 255 bytes";
  if (parts[0] === privateDirectory) return `leads into ${privateDirectory}, the loader's own`;
  return undefined;
}

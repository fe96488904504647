import { constants, createReadStream } from "node:fs";
import {
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import { hashBlob, isLargeFile, makeTree, type Blob, type Tree } from "./gitObjects";

/** A file to commit: its text, its bytes, or the path of a file to copy. */
export type FileContent = string | Uint8Array | { readonly copyOf: string };

/** The files of a revision by their path in the repository. */
export type Files = Readonly<Record<string, FileContent>>;

/** Who may read a repository. */
export interface Access {
  /**
   * Whether reading its files takes an accepted token; anybody may list them.
   * @defaultValue `false`
   */
  readonly gated?: boolean;
  /**
   * Whether the repository seems not to exist to those who may not read it.
   * @defaultValue `false`
   */
  readonly private?: boolean;
  /**
   * The tokens that may read it where it is gated or private.
   * @defaultValue none
   */
  readonly tokens?: readonly string[];
}

/** A repository as it is now: who may read it, and where its branches and tags point. */
export interface Repository {
  readonly id: string;
  readonly access: Access;
  /** Commit ids by branch or tag. */
  readonly refs: Readonly<Record<string, string>>;
}

/** What was committed: the tree with sizes and hashes as they were then, whatever becomes of the files on disk. */
export interface Commit extends Tree {
  /** When it was made, ISO 8601. */
  readonly date: string;
}

interface RepositoryFile {
  readonly access: Access;
  readonly refs: Readonly<Record<string, string>>;
}

const REPOSITORY_ID = /^[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*$/;
const COMMIT_ID = /^[0-9a-f]{40}$/;

/**
 * The repositories under one folder:
 *
 * ```
 * ROOT/<org>/<name>/repository.json        who may read it, and its branches and tags
 * ROOT/<org>/<name>/commits/<commit>.json  the tree, with the hashes taken when it was committed
 * ROOT/<org>/<name>/commits/<commit>/…     the files
 * ```
 *
 * As in git, hashes are taken once: editing a file here afterwards makes the hub serve bytes that its own listing belies.
 * One process may commit to a repository while others read it.
 */
export class Repositories {
  private readonly commits = new Map<string, Commit>();

  constructor(readonly root: string) {}

  /** Says who may read a repository; makes it if need be. */
  async setAccess(id: string, access: Access): Promise<void> {
    const now = await this.find(id);
    await this.write(id, { access, refs: now?.refs ?? {} });
  }

  /**
   * Commits `files`, and nothing else, as the new head of a branch (or as a tag).
   * The same files make the same commit; committing them again restores what was edited on disk.
   * @returns the commit's id, 40 hexadecimal digits
   */
  async commit(id: string, ref: string, files: Files): Promise<string> {
    const now = await this.find(id);
    const commits = join(this.folder(id), "commits");
    await mkdir(commits, { recursive: true });
    const staging = await mkdtemp(join(commits, ".staging-"));

    const blobs = new Map<string, Blob>();
    for (const [path, content] of Object.entries(files)) {
      blobs.set(path, await store(content, staging, path));
    }
    const tree = makeTree(blobs);

    await rm(join(commits, tree.commit), { recursive: true, force: true });
    await rename(staging, join(commits, tree.commit));
    const commit: Commit = { ...tree, date: new Date().toISOString() };
    await writeWhole(join(commits, `${tree.commit}.json`), commit);
    await this.write(id, {
      access: now?.access ?? {},
      refs: { ...now?.refs, [ref]: tree.commit },
    });
    return tree.commit;
  }

  /** The repository, or undefined where there is none of that name. */
  async find(id: string): Promise<Repository | undefined> {
    if (!REPOSITORY_ID.test(id)) return undefined;
    const text = await readIfThere(join(this.folder(id), "repository.json"));
    return text === undefined ? undefined : { id, ...(JSON.parse(text) as RepositoryFile) };
  }

  /** All repositories. */
  async all(): Promise<Repository[]> {
    const found: Repository[] = [];
    for (const organization of await readdir(this.root)) {
      for (const name of await foldersIn(join(this.root, organization))) {
        const repository = await this.find(`${organization}/${name}`);
        if (repository !== undefined) found.push(repository);
      }
    }
    return found;
  }

  /** What a branch, a tag or a commit id stands for, or undefined where the repository has no such revision. */
  async resolve(repository: Repository, revision: string): Promise<Commit | undefined> {
    const id = Object.hasOwn(repository.refs, revision) ? repository.refs[revision] : revision;
    if (id === undefined || !COMMIT_ID.test(id)) return undefined;
    const file = join(this.folder(repository.id), "commits", `${id}.json`);
    const known = this.commits.get(file);
    if (known !== undefined) return known;
    const text = await readIfThere(file);
    if (text === undefined) return undefined;
    const commit = JSON.parse(text) as Commit;
    this.commits.set(file, commit);
    return commit;
  }

  /** Where the bytes of a committed file are. */
  file(id: string, commit: string, path: string): string {
    return join(this.folder(id), "commits", commit, path);
  }

  private folder(id: string): string {
    if (!REPOSITORY_ID.test(id)) {
      throw new Error(`repository ${JSON.stringify(id)} is not named like "org/name"`);
    }
    return join(this.root, id);
  }

  private async write(id: string, content: RepositoryFile): Promise<void> {
    await mkdir(this.folder(id), { recursive: true });
    await writeWhole(join(this.folder(id), "repository.json"), content);
  }
}

/** The files of a folder, at any depth, for committing. */
export async function filesIn(folder: string): Promise<Files> {
  const files: Record<string, FileContent> = {};
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    files[path.slice(folder.length).replace(/^\/+/, "")] = { copyOf: path };
  }
  return files;
}

async function store(content: FileContent, folder: string, path: string): Promise<Blob> {
  const target = join(folder, path);
  if (path === "" || !target.startsWith(`${folder}/`) || target !== `${folder}/${path}`) {
    throw new Error(`file ${JSON.stringify(path)} does not name a path inside the repository`);
  }
  await mkdir(dirname(target), { recursive: true });
  if (typeof content === "string" || content instanceof Uint8Array) {
    await writeFile(target, content);
  } else {
    await copyFile(content.copyOf, target, constants.COPYFILE_FICLONE);
  }
  const { size } = await stat(target);
  const bytes = createReadStream(target, { highWaterMark: 1 << 20 });
  return hashBlob(bytes as AsyncIterable<Buffer>, size, isLargeFile(path, size));
}

/** Writes a file so that a reader sees all of it or what was there before. */
async function writeWhole(path: string, content: unknown): Promise<void> {
  const partial = `${path}.${process.pid}.partial`;
  await writeFile(partial, `${JSON.stringify(content, undefined, 2)}\n`);
  await rename(partial, path);
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

async function foldersIn(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { answerHub } from "./api";
import { answerCdn } from "./cdn";
import { controlListener, isControl } from "./control";
import { Faults, type Fault } from "./faults";
import { Links } from "./links";
import { Repositories, type Access, type Files } from "./repositories";
import { RequestLog, type HubRequest } from "./requests";
import { listen, listener, stop, type Address } from "./server";

/** A repository to begin with: who may read it, and the files of its branch "main". */
export interface RepositoryContent extends Access {
  readonly files: Files;
}

/** How a hub is to be started. */
export interface HubOptions {
  /**
   * The folder of the repositories.
   * @defaultValue - an empty one, which goes with the hub
   */
  readonly root?: string;
  /**
   * Repositories to add, by their id ("org/name").
   * @defaultValue none
   */
  readonly repositories?: Readonly<Record<string, RepositoryContent>>;
  /**
   * Tokens of users who have been accepted nowhere.
   * @defaultValue none
   */
  readonly tokens?: readonly string[];
  /**
   * Where the hub itself listens.
   * @defaultValue a free port of 127.0.0.1
   */
  readonly listen?: Address;
  /**
   * Where the content delivery network listens.
   * @defaultValue a free port of 127.0.0.1
   */
  readonly cdnListen?: Address;
  /**
   * How long links to large files are good for, in seconds.
   * @defaultValue 3600
   */
  readonly linkSeconds?: number;
}

/** A hub that runs in this process. */
export interface Hub {
  /** What clients take as their endpoint. */
  readonly url: string;
  /** Where large files come from. */
  readonly cdnUrl: string;
  readonly repositories: Repositories;
  /** The latest requests, in the order in which they came. */
  readonly requests: readonly HubRequest[];
  /** Adds a repository, or replaces who may read it and its branch "main". @returns the commit's id */
  addRepository(id: string, content: RepositoryContent): Promise<string>;
  /** Moves a branch or a tag to these files, and no others. @returns the commit's id */
  commit(id: string, ref: string, files: Files): Promise<string>;
  /** Makes something go wrong, from now on. */
  fault(fault: Fault): void;
  /** Forgets faults and requests. */
  reset(): void;
  /** Stops it, in the middle of answers too. */
  close(): Promise<void>;
}

const ANY_LOOPBACK_PORT: Address = { host: "127.0.0.1", port: 0 };

/**
 * Starts a stand-in for the Hugging Face hub that serves model repositories from a folder.
 *
 * @example
 * ```ts
 * const hub = await startHub({ repositories: { "acme/tiny": { files: { "config.json": "{}" } } } });
 * hub.fault({ path: "config.json", status: 503, times: 2 });
 * ```
 */
export async function startHub(options: HubOptions = {}): Promise<Hub> {
  const root = options.root ?? (await mkdtemp(join(tmpdir(), "modelstore-hub-")));
  await mkdir(root, { recursive: true });
  const repositories = new Repositories(root);
  const faults = new Faults();
  const log = new RequestLog();
  const links = new Links(options.linkSeconds ?? 3600);
  const frontend = { repositories, tokens: options.tokens ?? [], faults, log };

  const cdnAddress = options.cdnListen ?? ANY_LOOPBACK_PORT;
  const cdn = await listen(
    listener("cdn", frontend, (exchange) => answerCdn(exchange, repositories, links)),
    cdnAddress,
  );
  const address = options.listen ?? ANY_LOOPBACK_PORT;
  const backend = { repositories, links, cdnPort: cdn.port };
  const clients = listener("hub", frontend, (exchange) => answerHub(exchange, backend));
  const control = controlListener(faults, log);
  const main = await listen((request, response) => {
    (isControl(request) ? control : clients)(request, response);
  }, address);

  const hub: Hub = {
    url: `http://${address.host}:${main.port}`,
    cdnUrl: `http://${cdnAddress.host}:${cdn.port}`,
    repositories,
    get requests() {
      return log.requests;
    },
    async addRepository(id, { files, ...access }) {
      await repositories.setAccess(id, access);
      return repositories.commit(id, "main", files);
    },
    commit: (id, ref, files) => repositories.commit(id, ref, files),
    fault: (fault) => {
      faults.add(fault);
    },
    reset: () => {
      faults.clear();
      log.clear();
    },
    close: async () => {
      await Promise.all([stop(main.server), stop(cdn.server)]);
      if (options.root === undefined) await rm(root, { recursive: true });
    },
  };
  for (const [id, content] of Object.entries(options.repositories ?? {})) {
    await hub.addRepository(id, content);
  }
  return hub;
}

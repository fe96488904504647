import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startHub, type Hub } from "../../local/hub/hub";
import { filesIn, Repositories } from "../../local/hub/repositories";

const config = '{"model_type":"llama"}\n';
const weights = Buffer.from(Array.from({ length: 3000 }, (_, i) => i % 251));
const sha256 = createHash("sha256").update(weights).digest("hex");
const tiny = { "config.json": config, "docs/use.md": "use\n", "model.safetensors": weights };

/** A listing's line as clients read it. */
interface Line {
  type: string;
  path: string;
  oid: string;
  size: number;
  lfs?: { oid: string; size: number; pointerSize: number };
}

async function json<T>(response: Response): Promise<T> {
  return (await response.json()) as T;
}

async function bytes(response: Response): Promise<Buffer> {
  return Buffer.from(await response.arrayBuffer());
}

function bearer(token: string): RequestInit {
  return { headers: { Authorization: `Bearer ${token}` }, redirect: "manual" };
}

async function refusal(response: Response): Promise<[number, string | null, string | null]> {
  await response.text();
  return [
    response.status,
    response.headers.get("X-Error-Code"),
    response.headers.get("X-Error-Message"),
  ];
}

describe("the local hub", () => {
  let hub: Hub;
  let head: string;

  beforeEach(async () => {
    hub = await startHub({ tokens: ["hf_stranger"] });
    head = await hub.addRepository("acme/tiny", { files: tiny });
  });

  afterEach(async () => {
    await hub.close();
  });

  /** Where a large file's bytes are. */
  async function link(path: string, init: RequestInit = {}): Promise<string> {
    const response = await fetch(`${hub.url}${path}`, { ...init, redirect: "manual" });
    assert.equal(response.status, 302);
    return response.headers.get("Location") ?? "";
  }

  describe("commits", () => {
    it("have the ids that git gives to the same blobs and trees", async () => {
      const files = { "config.json": "{}\n", "a/b.txt": "hi", "a-b/x": "x", "a.txt": "y" };
      // By `git write-tree` and `git hash-object -t commit` of that tree without an author.
      assert.equal(
        await hub.commit("acme/git", "main", files),
        "f51c1ece8c2c131df0301b7ca6dfa14a4fca19c2",
      );
      const tree = await fetch(`${hub.url}/api/models/acme/git/tree/main`);
      assert.deepEqual(
        (await json<Line[]>(tree)).map(({ path, oid }) => [path, oid]),
        [
          ["a", "af56796e1e94644e987d77164f9ac7787632caf8"],
          ["a-b", "f115c6d5cfb15ca1a72429900dcaca0fd1057951"],
          ["a.txt", "e25f1814e51579d5f55c0f1fe0135ddb28a47f4a"],
          ["config.json", "0967ef424bce6791893e9a57bb952f80fd536e93"],
        ],
      );
    });

    it("keep a large file's pointer in the tree, as git does", async () => {
      await hub.commit("acme/git", "main", { "x.safetensors": "0123456789" });
      const tree = await fetch(`${hub.url}/api/models/acme/git/tree/main`);
      assert.deepEqual(await json(tree), [
        {
          type: "file",
          path: "x.safetensors",
          // By `git hash-object` of the pointer.
          oid: "936e1b4672d9b9eae2dbee72f68e5f344411832b",
          size: 10,
          lfs: {
            oid: "84d89877f0d4041efb6bf91a16f0248f2fd573e6af05c19f96bedb9f882f7882",
            size: 10,
            pointerSize: 127,
          },
        },
      ]);
    });

    it("stay when the branch moves on", async () => {
      const next = await hub.commit("acme/tiny", "main", { "config.json": "{}\n" });
      assert.notEqual(next, head);
      const get = async (revision: string): Promise<string> =>
        (await fetch(`${hub.url}/acme/tiny/resolve/${revision}/config.json`)).text();
      assert.equal(await get("main"), "{}\n");
      assert.equal(await get(head), config);
    });

    it("are the same for the same files, whatever the branch", async () => {
      assert.equal(await hub.commit("acme/tiny", "refs/pr/1", tiny), head);
      const info = await fetch(`${hub.url}/api/models/acme/tiny/revision/refs%2Fpr%2F1`);
      assert.equal((await json<{ sha: string }>(info)).sha, head);
    });

    it("of a folder hold its files at any depth", async () => {
      const folder = join(hub.repositories.root, "acme/tiny/commits", head);
      assert.equal(await hub.commit("acme/copy", "main", await filesIn(folder)), head);
    });

    it("refuse a path outside the repository and a name that is none", async () => {
      await assert.rejects(
        hub.commit("acme/tiny", "main", { "../x": "" }),
        /file "\.\.\/x" does not name a path inside the repository/,
      );
      await assert.rejects(
        hub.commit("../tiny", "main", {}),
        /repository "\.\.\/tiny" is not named like "org\/name"/,
      );
    });

    it("made by another process are served at once", async () => {
      const other = new Repositories(hub.repositories.root);
      const commit = await other.commit("acme/tiny", "v2", { "config.json": "2" });
      const response = await fetch(`${hub.url}/acme/tiny/resolve/v2/config.json`);
      assert.equal(response.headers.get("X-Repo-Commit"), commit);
      assert.equal(await response.text(), "2");
    });

    it("keep their hashes when a file is edited on disk, also for the next hub, until made again", async () => {
      const shard = hub.repositories.file("acme/tiny", head, "model.safetensors");
      const damaged = Buffer.from(weights);
      damaged.writeUInt8(damaged.readUInt8(1000) ^ 0xff, 1000);
      await writeFile(shard, damaged);

      const { root } = hub.repositories;
      const next = await startHub({ root });
      try {
        const tree = await fetch(`${next.url}/api/models/acme/tiny/tree/main`);
        const line = (await json<Line[]>(tree)).find(({ path }) => path === "model.safetensors");
        assert.equal(line?.lfs?.oid, sha256);
        const file = `${next.url}/acme/tiny/resolve/main/model.safetensors`;
        assert.deepEqual(await bytes(await fetch(file)), damaged);

        await next.commit("acme/tiny", "main", tiny);
        assert.deepEqual(await bytes(await fetch(file)), weights);
      } finally {
        await next.close();
      }
    });
  });

  describe("listings", () => {
    it("tell the commit of a branch, of a tag and of itself", async () => {
      await hub.commit("acme/tiny", "v1", tiny);
      for (const suffix of ["", "/revision/main", "/revision/v1", `/revision/${head}`]) {
        const response = await fetch(`${hub.url}/api/models/acme/tiny${suffix}`);
        const info = await json<{ id: string; sha: string; gated: boolean; siblings: unknown }>(
          response,
        );
        assert.equal(info.id, "acme/tiny");
        assert.equal(info.sha, head);
        assert.equal(info.gated, false);
        assert.deepEqual(info.siblings, [
          { rfilename: "config.json" },
          { rfilename: "docs/use.md" },
          { rfilename: "model.safetensors" },
        ]);
      }
    });

    it("tell sizes and hashes with the model where asked", async () => {
      const response = await fetch(`${hub.url}/api/models/acme/tiny?blobs=true`);
      const { siblings } = await json<{ siblings: Record<string, unknown>[] }>(response);
      assert.deepEqual(siblings[2]?.["lfs"], { sha256, size: 3000, pointerSize: 129 });
      assert.equal(siblings[0]?.["size"], config.length);
    });

    it("go down into folders where asked", async () => {
      const paths = async (path: string): Promise<string[]> =>
        (await json<Line[]>(await fetch(`${hub.url}/api/models/acme/tiny/tree/main${path}`))).map(
          (line) => line.path,
        );
      assert.deepEqual(await paths(""), ["config.json", "docs", "model.safetensors"]);
      assert.deepEqual(await paths("?recursive=true"), [
        "config.json",
        "docs",
        "docs/use.md",
        "model.safetensors",
      ]);
      assert.deepEqual(await paths("/docs"), ["docs/use.md"]);
    });

    it("come page by page", async () => {
      const files = Object.fromEntries(Array.from({ length: 7 }, (_, i) => [`${i}.json`, `${i}`]));
      await hub.commit("acme/many", "main", files);
      const pages: string[][] = [];
      let next: string | undefined = `${hub.url}/api/models/acme/many/tree/main?limit=3`;
      while (next !== undefined) {
        const response: Response = await fetch(next);
        pages.push((await json<Line[]>(response)).map(({ path }) => path));
        next = /<(.+)>; rel="next"/.exec(response.headers.get("Link") ?? "")?.[1];
      }
      assert.deepEqual(pages, [
        ["0.json", "1.json", "2.json"],
        ["3.json", "4.json", "5.json"],
        ["6.json"],
      ]);
    });

    it("hold 1000 lines a page, or 50 with the last commit of each", async () => {
      const files = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`${i}.json`, `${i}`]));
      const commit = await hub.commit("acme/many", "main", files);
      const tree = `${hub.url}/api/models/acme/many/tree/main`;
      assert.equal((await json<Line[]>(await fetch(tree))).length, 60);
      const expanded = await json<{ lastCommit: { id: string } }[]>(
        await fetch(`${tree}?expand=True`),
      );
      assert.equal(expanded.length, 50);
      assert.equal(expanded[0]?.lastCommit.id, commit);
    });

    it("refuse a limit that is none", async () => {
      const response = await fetch(`${hub.url}/api/models/acme/tiny/tree/main?limit=0`);
      assert.deepEqual(await refusal(response), [
        400,
        null,
        '"limit" must be a whole number from 1 to 1000',
      ]);
    });

    it("tell about paths, asked in JSON or as a form", async () => {
      const url = `${hub.url}/api/models/acme/tiny/paths-info/main`;
      const paths = ["config.json", "docs", "absent"];
      const asJson = { "Content-Type": "application/json" };
      const bodies: RequestInit[] = [
        { body: JSON.stringify({ paths }), headers: asJson },
        { body: paths.map((path) => `paths=${path}`).join("&") },
      ];
      for (const body of bodies) {
        const lines = await json<Line[]>(await fetch(url, { method: "POST", ...body }));
        assert.deepEqual(
          lines.map(({ type, path }) => [type, path]),
          [
            ["file", "config.json"],
            ["directory", "docs"],
          ],
        );
      }
      const broken = await fetch(url, { method: "POST", body: "{" });
      assert.equal(broken.status, 400);
    });
  });

  describe("files", () => {
    it("that are plain come at once, with git's hash as their tag", async () => {
      const url = `${hub.url}/acme/tiny/resolve/main/config.json`;
      for (const method of ["HEAD", "GET"]) {
        const response = await fetch(url, { method });
        const blob = createHash("sha1").update(`blob ${config.length}\0${config}`).digest("hex");
        assert.equal(response.status, 200);
        assert.equal(response.headers.get("X-Repo-Commit"), head);
        assert.equal(response.headers.get("ETag"), `"${blob}"`);
        assert.equal(response.headers.get("Content-Length"), String(config.length));
        assert.equal(response.headers.get("X-Linked-ETag"), null);
        assert.equal(await response.text(), method === "GET" ? config : "");
      }
    });

    it("that are large come from another origin, with SHA-256 as their tag", async () => {
      for (const method of ["HEAD", "GET"]) {
        const response = await fetch(`${hub.url}/acme/tiny/resolve/main/model.safetensors`, {
          method,
          redirect: "manual",
        });
        assert.equal(response.status, 302);
        assert.equal(response.headers.get("X-Repo-Commit"), head);
        assert.equal(response.headers.get("X-Linked-Size"), "3000");
        assert.equal(response.headers.get("X-Linked-ETag"), `"${sha256}"`);
        assert.ok(response.headers.get("Location")?.startsWith(`${hub.cdnUrl}/`));
        assert.deepEqual(
          [...response.headers.keys()].filter((name) => name.startsWith("x-xet")),
          [],
        );
      }
      const file = await fetch(await link("/acme/tiny/resolve/main/model.safetensors"));
      assert.equal(file.headers.get("ETag"), `"${sha256}"`);
      assert.deepEqual(await bytes(file), weights);
    });

    it("may be empty", async () => {
      await hub.commit("acme/tiny", "main", { "empty.json": "", "empty.safetensors": "" });
      for (const name of ["empty.json", "empty.safetensors"]) {
        const response = await fetch(`${hub.url}/acme/tiny/resolve/main/${name}`);
        assert.equal(response.status, 200);
        assert.equal((await bytes(response)).length, 0);
      }
    });

    it("may be longer than what is read at a time", async () => {
      const long = Buffer.alloc(5_000_003, "0123456789a");
      await hub.commit("acme/long", "main", { "model.safetensors": long });
      const url = await link("/acme/long/resolve/main/model.safetensors");
      assert.ok((await bytes(await fetch(url))).equals(long));
      const part = await fetch(url, { headers: { Range: "bytes=1000000-4500000" } });
      assert.ok((await bytes(part)).equals(long.subarray(1_000_000, 4_500_001)));
    });

    const ranges: [string, number, string | null, [number, number]][] = [
      ["bytes=10-19", 206, "bytes 10-19/3000", [10, 20]],
      ["bytes=2990-", 206, "bytes 2990-2999/3000", [2990, 3000]],
      ["bytes=2990-9999", 206, "bytes 2990-2999/3000", [2990, 3000]],
      ["bytes=-5", 206, "bytes 2995-2999/3000", [2995, 3000]],
      ["bytes=3000-", 416, "bytes */3000", [0, 0]],
      ["bytes=0-1,5-6", 200, null, [0, 3000]],
      ["bytes=9-1", 200, null, [0, 3000]],
      ["lines=1-2", 200, null, [0, 3000]],
    ];
    for (const [range, status, contentRange, [start, end]] of ranges) {
      it(`answer ${range} with ${status}`, async () => {
        const url = await link("/acme/tiny/resolve/main/model.safetensors");
        const response = await fetch(url, { headers: { Range: range } });
        assert.equal(response.status, status);
        assert.equal(response.headers.get("Content-Range"), contentRange);
        assert.deepEqual(await bytes(response), weights.subarray(start, end));
      });
    }

    it("come in part only while they are what the client thinks", async () => {
      const url = await link("/acme/tiny/resolve/main/model.safetensors");
      const status = async (condition: string): Promise<number> => {
        const headers = { Range: "bytes=1-2", "If-Range": condition };
        const response = await fetch(url, { headers });
        await response.arrayBuffer();
        return response.status;
      };
      assert.equal(await status(`"${sha256}"`), 206);
      assert.equal(await status('"another"'), 200);
    });

    it("come by links that end", async () => {
      const brief = await startHub({ root: hub.repositories.root, linkSeconds: 0 });
      try {
        const large = await fetch(`${brief.url}/acme/tiny/resolve/main/model.safetensors`, {
          redirect: "manual",
        });
        const ended = await fetch(large.headers.get("Location") ?? "");
        assert.equal((await refusal(ended))[0], 403);
      } finally {
        await brief.close();
      }
    });

    it("come by no link but the hub's", async () => {
      const url = await link("/acme/tiny/resolve/main/model.safetensors");
      assert.equal((await fetch(url.replace(/Signature=.{4}/, "Signature=0000"))).status, 403);
      assert.equal((await fetch(url.replace("model.", "other."))).status, 403);
      assert.equal((await fetch(`${hub.cdnUrl}/`)).status, 403);
    });

    it("come to nobody who sends a token to the other origin", async () => {
      const url = await link("/acme/tiny/resolve/main/model.safetensors");
      const response = await fetch(url, bearer("hf_stranger"));
      assert.equal(response.status, 400);
      assert.equal(hub.requests.at(-1)?.authorization, "valid");
      assert.ok(!JSON.stringify(hub.requests).includes("hf_stranger"));
    });
  });

  describe("refusals", () => {
    const missing: [string, number, string | null, string][] = [
      ["/api/models/acme/absent", 401, null, "Invalid username or password."],
      ["/acme/absent/resolve/main/x", 401, "RepoNotFound", "Repository not found"],
      ["/api/models/acme/tiny/revision/nope", 404, "RevisionNotFound", "Invalid rev id: nope"],
      ["/api/models/acme/tiny/tree/nope", 404, "RevisionNotFound", "Invalid rev id: nope"],
      ["/acme/tiny/resolve/nope/config.json", 404, "RevisionNotFound", "Invalid rev id: nope"],
      ["/acme/tiny/resolve/main/nope", 404, "EntryNotFound", "Entry not found"],
      ["/acme/tiny/resolve/main/docs", 404, "EntryNotFound", "Entry not found"],
      ["/acme/tiny/resolve/main/%2e%2e%2frepository.json", 404, "EntryNotFound", "Entry not found"],
      [
        "/api/models/acme/tiny/tree/main/nope",
        404,
        "EntryNotFound",
        "nope does not exist on this revision",
      ],
      ["/nowhere", 404, null, "Sorry, we can't find the page you are looking for."],
      ["/a%ff", 400, null, "the path /a%ff is not percent-encoded UTF-8"],
    ];
    for (const [path, ...expected] of missing) {
      it(`of ${path}`, async () => {
        assert.deepEqual(await refusal(await fetch(hub.url + path)), expected);
      });
    }

    it("of an absent repository are 404 for a known user", async () => {
      const response = await fetch(`${hub.url}/api/models/acme/absent`, bearer("hf_stranger"));
      assert.deepEqual(await refusal(response), [404, "RepoNotFound", "Repository not found"]);
    });

    it("of a token that nobody has, even for what is public", async () => {
      const response = await fetch(`${hub.url}/api/models/acme/tiny`, bearer("hf_mistyped"));
      assert.deepEqual(await refusal(response), [
        401,
        null,
        "Invalid credentials in Authorization header",
      ]);
    });

    it("of a gated repository's files, but not of its listing", async () => {
      const files = { "config.json": config, "model.safetensors": weights };
      await hub.addRepository("acme/gated", { files, gated: true, tokens: ["hf_accepted"] });
      const tree = await fetch(`${hub.url}/api/models/acme/gated/tree/main`);
      assert.equal((await json<Line[]>(tree)).length, 2);

      for (const name of Object.keys(files)) {
        const url = `${hub.url}/acme/gated/resolve/main/${name}`;
        const anonymous = await refusal(await fetch(url, { redirect: "manual" }));
        assert.deepEqual(anonymous.slice(0, 2), [401, "GatedRepo"]);
        assert.match(anonymous[2] ?? "", /^Access to model acme\/gated is restricted\. You must/);
        const stranger = await refusal(await fetch(url, bearer("hf_stranger")));
        assert.deepEqual(stranger.slice(0, 2), [403, "GatedRepo"]);
        assert.match(stranger[2] ?? "", /restricted and you are not in the authorized list/);
      }
      const accepted = bearer("hf_accepted");
      const plain = await fetch(`${hub.url}/acme/gated/resolve/main/config.json`, accepted);
      assert.equal(await plain.text(), config);
      // The link itself needs no token.
      const url = await link("/acme/gated/resolve/main/model.safetensors", accepted);
      assert.deepEqual(await bytes(await fetch(url)), weights);
    });

    it("of a private repository as of an absent one", async () => {
      const files = { "config.json": config };
      await hub.addRepository("acme/own", { files, private: true, tokens: ["hf_owner"] });
      const url = `${hub.url}/api/models/acme/own`;
      assert.equal((await fetch(url)).status, 401);
      assert.equal((await fetch(url, bearer("hf_stranger"))).status, 404);
      const info = await json<{ private: boolean }>(await fetch(url, bearer("hf_owner")));
      assert.equal(info.private, true);
    });

    it("of methods that change something", async () => {
      const response = await fetch(`${hub.url}/acme/tiny/resolve/main/config.json`, {
        method: "DELETE",
      });
      assert.equal(response.status, 405);
    });
  });

  it("knows its users", async () => {
    const url = `${hub.url}/api/whoami-v2`;
    assert.equal((await fetch(url)).status, 401);
    assert.equal((await fetch(url, bearer("hf_mistyped"))).status, 401);
    const user = await json<{ type: string }>(await fetch(url, bearer("hf_stranger")));
    assert.equal(user.type, "user");
  });

  it("remembers requests without their tokens", async () => {
    await (
      await fetch(`${hub.url}/acme/tiny/resolve/main/model.safetensors`, {
        headers: { Range: "bytes=0-99" },
      })
    ).arrayBuffer();
    await (await fetch(`${hub.url}/api/models/acme/tiny`, bearer("hf_mistyped"))).text();
    assert.deepEqual(hub.requests, [
      {
        at: "hub",
        method: "GET",
        path: "/acme/tiny/resolve/main/model.safetensors",
        range: "bytes=0-99",
        status: 302,
        bytesSent: 0,
        authorization: "none",
      },
      {
        at: "cdn",
        method: "GET",
        path: `/repos/acme/tiny/${head}/model.safetensors`,
        range: "bytes=0-99",
        status: 206,
        bytesSent: 100,
        authorization: "none",
      },
      {
        at: "hub",
        method: "GET",
        path: "/api/models/acme/tiny",
        status: 401,
        bytesSent: 55,
        authorization: "invalid",
      },
    ]);
    hub.reset();
    assert.deepEqual(hub.requests, []);
  });
});

import assert from "node:assert/strict";
import { startHub, type Hub } from "../../local/hub/hub";
import { Sandbox, type LoaderRun } from "./sandbox";

const files = { "config.json": "{}", "model.safetensors": "weights" };

describe("what a loader refuses", function () {
  this.timeout(60_000);
  let hub: Hub;
  let sandbox: Sandbox;

  before(async () => {
    hub = await startHub({
      repositories: {
        "acme/tiny": { files },
        "acme/gated": { files, gated: true, tokens: ["hf_accepted"] },
        "acme/private": { files, private: true, tokens: ["hf_accepted"] },
        "acme/pickled": { files: { "config.json": "{}", "pytorch_model.bin": "weights" } },
      },
      tokens: ["hf_stranger"],
    });
  });

  beforeEach(async () => {
    sandbox = await Sandbox.make();
  });

  afterEach(async () => {
    hub.reset();
    await sandbox.remove();
  });

  after(() => hub.close());

  async function refuses(run: LoaderRun, code: number, message: string): Promise<void> {
    assert.equal(run.stderr.trim().split("\n").at(-1), `modelstore: error: ${message}`);
    assert.equal(run.termination, message);
    assert.equal(run.code, code);
    assert.deepEqual(await sandbox.visible(), []);
    assert.deepEqual(await sandbox.staged(), []);
  }

  const from = (source: string, token?: string) => async (): Promise<LoaderRun> =>
    sandbox.run(
      sandbox.spec({
        endpoint: hub.url,
        source,
        ...(token !== undefined && { tokenFile: await sandbox.token(token) }),
      }),
    );

  it("a token that nobody knows (77)", async () => {
    await refuses(
      await from("hf://acme/tiny", "hf_wrong")(),
      77,
      `the token is not valid for acme/tiny at ${hub.url} (Invalid credentials in Authorization header); make a new one with read access`,
    );
  });

  it("a gated repository without a token (77)", async () => {
    await refuses(
      await from("hf://acme/gated")(),
      77,
      `without a token there is no access to acme/gated at ${hub.url} (Access to model acme/gated is restricted. You must have access to it and be authenticated to access it. Please log in.); accept the terms of its page, where it is gated, and use a token of the account that did`,
    );
  });

  it("a gated repository with a token that was not accepted (77)", async () => {
    await refuses(
      await from("hf://acme/gated", "hf_stranger")(),
      77,
      `the token gives no access to acme/gated at ${hub.url} (Access to model acme/gated is restricted and you are not in the authorized list. Visit its page to ask for access.); accept the terms of its page, where it is gated, and use a token of the account that did`,
    );
  });

  it("an empty token (77)", async () => {
    const run = await from("hf://acme/tiny", "")();
    assert.match(run.termination, /token holds nothing; check the Secret's value$/);
    assert.equal(run.code, 77);
  });

  it("but not an accepted token", async () => {
    for (const source of ["hf://acme/gated", "hf://acme/private"]) {
      const { code, stderr } = await from(source, "hf_accepted")();
      assert.equal(code, 0, stderr);
    }
  });

  it("an unknown repository (66)", async () => {
    await refuses(
      await from("hf://acme/absent", "hf_accepted")(),
      66,
      `no repository acme/absent can be seen with the token at ${hub.url} (Repository not found); check its name, and for a private one the token`,
    );
  });

  it("a private repository without a token (66, as the hub does not tell)", async () => {
    await refuses(
      await from("hf://acme/private")(),
      66,
      `no repository acme/private can be seen without a token at ${hub.url} (Invalid username or password.); check its name, and for a private one the token`,
    );
  });

  it("an unknown branch, or commit (66)", async () => {
    for (const revision of ["v2", "0".repeat(40)]) {
      await refuses(
        await from(`hf://acme/tiny@${revision}`)(),
        66,
        `acme/tiny has no revision "${revision}" at ${hub.url} (Invalid rev id: ${revision}); check the branch, tag or commit`,
      );
    }
  });

  it("a repository that has nothing but pickles (66)", async () => {
    await refuses(
      await from("hf://acme/pickled")(),
      66,
      'the source has no safetensors weights, only "pytorch_model.bin"; formats that run code when loaded need allowPickle, others an include pattern that names them',
    );
  });

  it("patterns that leave nothing (66)", async () => {
    await refuses(
      await sandbox.run(sandbox.spec({ endpoint: hub.url, include: ["*.gguf"] })),
      66,
      `none of the source's 2 files is selected; check include ["*.gguf"] and exclude []`,
    );
  });

  for (const [name, why] of [
    ["../escape", "has a part that is . or .."],
    ["/etc/cron.d/job", "is absolute"],
    ["a/../../escape", "has a part that is . or .."],
    ["a//b", "has an empty part"],
    ["nul\0", "has a backslash or a control character"],
    ["x".repeat(256), "has a part of over 255 bytes"],
    [".modelstore.json", "begins with the name of the loader's own manifest"],
    [".modelstore.json.partial", "begins with the name of the loader's own manifest"],
    [".modelstore.json/x", "begins with the name of the loader's own manifest"],
    ["model.safetensors", "it names twice"],
    ["model.safetensors/x", undefined],
  ] as const) {
    it(`a file named ${JSON.stringify(name.slice(0, 30))} (65)`, async () => {
      hub.fault({ path: "/api/**/tree/**", listing: { file: "config.json", path: name } });
      await refuses(
        await from("hf://acme/tiny")(),
        65,
        why === undefined
          ? 'the source names a file "model.safetensors", which is a directory as well; nothing was written'
          : `the source names a file ${JSON.stringify(name)}, which ${why}; nothing was written`,
      );
    });
  }

  it("a hub that cannot be reached (69)", async () => {
    const run = await sandbox.run(sandbox.spec({ endpoint: "http://127.0.0.1:9" }));
    await refuses(
      run,
      69,
      "http://127.0.0.1:9 cannot be reached: connect ECONNREFUSED 127.0.0.1:9 (5 attempts); check the source's endpoint and the network",
    );
  });

  it("arguments and specifications that make no sense (64), naming all that is wrong", async () => {
    const run = await sandbox.run({
      schema: 2,
      source: "hf://acme",
      endpoint: "https://user:secret@example.org",
      volume: "relative",
      path: "../elsewhere",
      include: "*.json",
      tokenfile: "/token",
    });
    assert.equal(run.code, 64);
    assert.match(run.termination, /tokenfile: is no field; the fields are schema, source, /);
    assert.match(run.termination, /schema: 2 is not 1, the version that this loader knows/);
    assert.match(
      run.termination,
      /source: "hf:\/\/acme" names "acme" where a repository's organisation and name are expected/,
    );
    assert.match(run.termination, /has credentials; give a tokenFile instead/);
    assert.match(run.termination, /volume: "relative" is not an absolute path/);
    assert.match(run.termination, /path: "\.\.\/elsewhere" has a part that is \. or \.\./);
    assert.match(run.termination, /include: "\*\.json" is not a list of patterns/);
    assert.doesNotMatch(run.termination + run.stderr, /secret/);

    const noJson = await sandbox.run("{");
    assert.equal(noJson.code, 64);
    assert.match(noJson.termination, /population\.json is not JSON/);
  });
});

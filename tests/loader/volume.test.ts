import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmod, mkdir, readlink, rename, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startHub, type Hub } from "../../local/hub/hub";
import { damaged, Sandbox, until, type LoaderRun } from "./sandbox";

const files = { "config.json": "{}", "model.safetensors": randomBytes(8_000_000) };
const isRoot = process.getuid?.() === 0;

describe("volumes", function () {
  this.timeout(60_000);
  let hub: Hub;
  let sandbox: Sandbox;

  before(async () => {
    hub = await startHub({ repositories: { "acme/tiny": { files } } });
  });

  beforeEach(async () => {
    sandbox = await Sandbox.make();
  });

  afterEach(async () => {
    hub.reset();
    await sandbox.remove();
  });

  after(() => hub.close());

  const load = (path = "model"): Promise<LoaderRun> =>
    sandbox.run(sandbox.spec({ endpoint: hub.url, path }));

  it("with something else at the path are left alone (73), before anything is fetched", async () => {
    await mkdir(join(sandbox.volume, "model"));
    await writeFile(join(sandbox.volume, "file"), "somebody's");
    await symlink("/etc", join(sandbox.volume, "link"));
    await symlink("../elsewhere/.modelstore/revisions/x", join(sandbox.volume, "outside"));
    const why: Readonly<Record<string, string>> = {
      model: "something that the loader did not make is there",
      file: "something that the loader did not make is there",
      link: "a link that the loader did not make is there",
      outside: "a link that the loader did not make is there",
      "file/model": '"file" on the way to it is no directory',
      "link/cron.d": '"link" on the way to it is no directory',
    };
    for (const [path, reason] of Object.entries(why)) {
      const run = await load(path);
      assert.equal(
        run.termination,
        `the model's path ${JSON.stringify(path)} on the volume is occupied: ${reason}; choose another path or move it away`,
      );
      assert.equal(run.code, 73);
    }
    assert.deepEqual(hub.requests, []);
    assert.equal(await readlink(join(sandbox.volume, "link")), "/etc");
  });

  it("that lead the loader's own directory elsewhere are refused (73)", async () => {
    await symlink("/tmp", join(sandbox.volume, ".modelstore"));
    const run = await load();
    assert.equal(run.code, 73);
    assert.match(run.termination, /\.modelstore is not a directory, and the loader's own is to be/);
  });

  it("that are not there are named (73)", async () => {
    const volume = join(sandbox.volume, "absent");
    const run = await sandbox.run(sandbox.spec({ endpoint: hub.url, volume }));
    assert.equal(run.code, 73);
    assert.equal(
      run.termination,
      `the volume ${volume} is not a directory; check where it is mounted`,
    );
  });

  describe("for which tests have to be root", () => {
    before(function () {
      if (!isRoot) this.skip();
    });

    it("of somebody else are refused with both identities (73)", async () => {
      await chmod(sandbox.volume, 0o755);
      const run = await sandbox.run(sandbox.spec({ endpoint: hub.url }), 1000);
      assert.equal(run.code, 73, run.stderr);
      assert.match(
        run.termination,
        /^user 1000, group 1000 cannot write to the volume .*, which belongs to user 0, group 0 with mode 755 \(EACCES: .*\); set the pod's fsGroup/,
      );
    });

    it("of the loader's user are populated without being root", async () => {
      await chmod(sandbox.volume, 0o777);
      const run = await sandbox.run(sandbox.spec({ endpoint: hub.url }), 1000);
      assert.equal(run.code, 0, run.stderr);
      assert.deepEqual(await damaged(join(sandbox.volume, "model")), []);
    });

    it("that do not let the loader tidy up are populated all the same", async () => {
      await chmod(sandbox.volume, 0o777);
      hub.fault({ at: "cdn", bytesPerSecond: 8_000_000 });
      const loader = await sandbox.start(sandbox.spec({ endpoint: hub.url }), 1000);
      await until(() => Promise.resolve(hub.requests.some(({ at }) => at === "cdn")));
      await chmod(join(sandbox.volume, ".modelstore/staging"), 0o555);
      const run = await loader.ended;
      assert.equal(run.code, 0, run.stderr);
      assert.match(
        run.stderr,
        /^modelstore: warning: left for a later loader to remove: EACCES: /m,
      );
      assert.deepEqual(await damaged(join(sandbox.volume, "model")), []);
      assert.equal((await sandbox.staged()).length, 1);
    });

    it("that are too small are refused with both numbers (73), before anything is fetched", async () => {
      await withSmallVolume("6m", async () => {
        const run = await load();
        assert.equal(run.code, 73, run.stderr);
        assert.match(
          run.termination,
          /^the model needs 8160003 bytes \(7\.8 MiB\), and the volume has \d+ bytes \(6\.0 MiB\) free; make the volume larger or remove something from it$/,
        );
        assert.ok(hub.requests.every(({ path }) => path.startsWith("/api/")));
        assert.deepEqual(await sandbox.staged(), []);
      });
    });

    it("that fill up meanwhile are reported as full (73), and left as they were", async () => {
      await withSmallVolume("12m", async () => {
        hub.fault({ at: "cdn", bytesPerSecond: 4_000_000 });
        const loader = await sandbox.start(sandbox.spec({ endpoint: hub.url }));
        while (!hub.requests.some(({ at }) => at === "cdn")) {
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
        await writeFile(join(sandbox.volume, "intruder"), Buffer.alloc(8_000_000));
        const run = await loader.ended;
        assert.equal(run.code, 73, run.stderr);
        assert.match(run.termination, /^the volume is full: ENOSPC: .*, with \d+ bytes free; /);
        assert.deepEqual(await sandbox.visible(), ["intruder"]);
        assert.deepEqual(await sandbox.staged(), []);
      });
    });

    it("that have room once another loader is done are tried again (75)", async () => {
      await withSmallVolume("12m", async () => {
        const other = join(sandbox.volume, ".modelstore/staging/other");
        await mkdir(other, { recursive: true });
        await writeFile(join(other, "heartbeat"), "");
        await writeFile(join(other, "model.safetensors"), Buffer.alloc(8_000_000));
        const run = await load();
        assert.equal(run.code, 75, run.stderr);
        assert.match(run.termination, /; other loaders hold 8000000 bytes \(7\.6 MiB\) of it/);
      });
    });

    it("that are read-only need no writing when the model is there", async () => {
      await load();
      execFileSync("mount", ["--bind", "-o", "ro", sandbox.volume, sandbox.volume]);
      try {
        assert.equal((await load()).code, 0);
        const second = await load("second");
        assert.equal(second.code, 73);
        assert.match(second.termination, /EROFS/);
      } finally {
        execFileSync("umount", [sandbox.volume]);
      }
    });

    async function withSmallVolume(size: string, work: () => Promise<void>): Promise<void> {
      execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", sandbox.volume]);
      try {
        await work();
      } finally {
        execFileSync("umount", [sandbox.volume]);
      }
    }
  });

  it("may be moved: the paths of models hold", async () => {
    await load("acme/tiny");
    const moved = `${sandbox.volume}-moved`;
    await rename(sandbox.volume, moved);
    assert.deepEqual(await damaged(join(moved, "acme/tiny")), []);
    await rename(moved, sandbox.volume);
  });
});

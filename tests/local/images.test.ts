import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { cacheEntry } from "../../local/cacheEntry";
import { run } from "../../local/runProgram";
import { requireFreeSpace } from "../../local/freeSpace";
import { ensureImage, type Image } from "../../local/images/image";
import { nodeImage } from "../../local/images/node";
import { packImage } from "../../local/images/oci";
import { pauseImage } from "../../local/images/pause";
import { vllmImage } from "../../local/images/vllmImage";

interface Descriptor {
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

const sha256 = (bytes: Buffer): string =>
  `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

let folder = "";

/** A root file system of a few files, with other times at each call. */
async function makeRoot(name: string, names: readonly string[], age: number): Promise<string> {
  const root = join(folder, name);
  await mkdir(join(root, "usr", "bin"), { recursive: true });
  for (const file of names) {
    await writeFile(join(root, "usr", "bin", file), `#!/bin/sh\necho ${file}\n`);
    await chmod(join(root, "usr", "bin", file), 0o755);
    await utimes(join(root, "usr", "bin", file), age, age);
  }
  await symlink("usr/bin", join(root, "bin"));
  return root;
}

/** The archive's files, and what they say about the one image in it. */
async function readArchive(archive: string): Promise<{
  blob: (descriptor: Descriptor) => Promise<Buffer>;
  json: <T>(file: string) => Promise<T>;
}> {
  const layout = await mkdtemp(join(folder, "layout-"));
  await run("tar", ["--extract", "--file", archive, "--directory", layout]);
  return {
    blob: ({ digest }) => readFile(join(layout, "blobs", ...digest.split(":"))),
    json: async (file) => JSON.parse(await readFile(join(layout, file), "utf8")) as never,
  };
}

describe("images of the embedded node", () => {
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "modelstore-images-"));
  });

  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  describe("packing an image", () => {
    it("gives the same bytes for the same files, whatever their times and the order of their making", async () => {
      const first = await makeRoot("first", ["a", "b", "c"], 1_000_000_000);
      const second = await makeRoot("second", ["c", "a", "b"], 1_700_000_000);
      const [one, two] = [join(folder, "one.tar"), join(folder, "two.tar")];
      const configuration = { Cmd: ["a"] };

      const digest = await packImage(first, "localhost/x:1", configuration, one);
      assert.equal(await packImage(second, "localhost/x:1", configuration, two), digest);
      assert.deepEqual(await readFile(one), await readFile(two));
    });

    it("gives other bytes for other files", async () => {
      const first = await makeRoot("first", ["a"], 1_000_000_000);
      const second = await makeRoot("second", ["b"], 1_000_000_000);
      const pack = (root: string): Promise<string> =>
        packImage(root, "localhost/x:1", {}, join(folder, "image.tar"));
      assert.notEqual(await pack(first), await pack(second));
    });

    it("makes a layout in which every digest and size is true", async () => {
      const root = await makeRoot("root", ["a"], 1_000_000_000);
      const archive = join(folder, "image.tar");
      const configuration = { Entrypoint: ["/bin/a"], User: "1000:1000" };
      const returned = await packImage(root, "localhost/x:1", configuration, archive);

      const { blob, json } = await readArchive(archive);
      assert.deepEqual(await json("oci-layout"), { imageLayoutVersion: "1.0.0" });
      const { manifests } = await json<{ manifests: Descriptor[] }>("index.json");
      const [entry] = manifests;
      assert.ok(entry);
      assert.equal(entry.digest, returned);
      assert.equal(entry.annotations?.["io.containerd.image.name"], "localhost/x:1");

      const check = async (descriptor: Descriptor): Promise<Buffer> => {
        const bytes = await blob(descriptor);
        assert.equal(sha256(bytes), descriptor.digest);
        assert.equal(bytes.length, descriptor.size);
        return bytes;
      };
      const manifest = JSON.parse((await check(entry)).toString()) as {
        config: Descriptor;
        layers: Descriptor[];
      };
      const config = JSON.parse((await check(manifest.config)).toString()) as {
        config: unknown;
        rootfs: { diff_ids: string[] };
      };
      assert.deepEqual(config.config, configuration);
      // The layer is not compressed, so that its digest is that of its content, too.
      assert.deepEqual(
        config.rootfs.diff_ids,
        manifest.layers.map(({ digest }) => digest),
      );
      for (const layer of manifest.layers) {
        await check(layer);
        const tar = join(folder, "layer.tar");
        await writeFile(tar, await blob(layer));
        const list = await run("tar", ["--list", "--verbose", "--numeric-owner", "--file", tar]);
        assert.match(list, /^-rwxr-xr-x 0\/0 +\d+ 1970-01-01 00:00 \.\/usr\/bin\/a$/m);
        assert.match(list, /^lrwxrwxrwx 0\/0 .* \.\/bin -> usr\/bin$/m);
      }
    });
  });

  describe("free space", () => {
    it("is enough for what needs little, also in a folder that is not there yet", async () => {
      await requireFreeSpace(join(folder, "not", "yet"), 0, "nothing");
    });

    it("that is missing is told with where, how much and what to do", async () => {
      const wanted = join(folder, "not", "yet");
      await assert.rejects(
        requireFreeSpace(wanted, 1e9, "the installation of vLLM"),
        (error: Error) => {
          const [where, told] = [
            error.message.slice(0, wanted.length),
            error.message.slice(wanted.length),
          ];
          assert.equal(where, wanted);
          assert.match(
            told,
            /^: the installation of vLLM needs 1000000000 GiB of free disk, and that file system has \d+\.\d GiB; free some, or name a folder on a roomier one in XDG_CACHE_HOME$/,
          );
          return true;
        },
      );
    });
  });

  describe("an entry of the cache", () => {
    it("is made once, and only if its making ends well", async () => {
      const path = join(folder, "entry");
      const make = (made: string): Promise<void> => writeFile(join(made, "file"), "made");
      await assert.rejects(
        cacheEntry(path, async (building) => {
          await make(building);
          throw new Error("the disk is full");
        }),
        /the disk is full/,
      );
      await assert.rejects(readFile(join(path, "file")), { code: "ENOENT" });

      assert.equal(await cacheEntry(path, make), path);
      await cacheEntry(path, () => Promise.reject(new Error("made twice")));
      assert.equal(await readFile(join(path, "file"), "utf8"), "made");
    });

    it("is one and the same for two that make it at once", async () => {
      const path = join(folder, "entry");
      const make = (content: string) => (made: string) => writeFile(join(made, "file"), content);
      await Promise.all([cacheEntry(path, make("one")), cacheEntry(path, make("two"))]);
      assert.match(await readFile(join(path, "file"), "utf8"), /^(one|two)$/);
    });
  });

  describe("a command that fails", () => {
    it("is told with what it said", async () => {
      await assert.rejects(run("sh", ["-c", "echo no such thing >&2; exit 3"]), {
        message: "sh -c echo no such thing >&2; exit 3: ended with 3:\nno such thing",
      });
    });

    it("because it is not there is told by name", async () => {
      await assert.rejects(run("no-such-command", []), {
        message: "no-such-command: no such command on this machine; install it first",
      });
    });
  });

  describe("their contents", () => {
    // Where nothing is in the cache yet, this downloads it.
    const patience = 300_000;

    /** Runs a command with the image's files as its root, as the user that containers run as. */
    const inside = ({ root }: Image, command: readonly string[]): Promise<string> =>
      run("chroot", ["--userspec=1000:1000", root, ...command]);

    it("node: runs Node.js and a shell, and trusts the usual certificate authorities", async function () {
      this.timeout(patience);
      const image = await ensureImage(nodeImage);
      assert.equal(await inside(image, ["/usr/local/bin/node", "-v"]), "v20.20.2\n");
      const script = 'console.log(process.getuid(), require("os").userInfo().username)';
      assert.equal(
        await inside(image, [
          "/bin/sh",
          "-c",
          `cd /tmp && /usr/local/bin/node -e '${script}' | cat`,
        ]),
        "1000 modelstore\n",
      );
      const roots =
        'const { readFileSync } = require("fs"); const { X509Certificate } = require("crypto");' +
        'const bundle = readFileSync("/etc/ssl/certs/ca-certificates.crt", "utf8");' +
        "const all = bundle.match(/-----BEGIN[^]*?-----END CERTIFICATE-----/g).map((pem) => new X509Certificate(pem));" +
        "console.log(all.length > 100 && all.every(({ ca }) => ca))";
      assert.equal(await inside(image, ["/usr/local/bin/node", "-e", roots]), "true\n");
    });

    it("pause: sleeps until told to end", async function () {
      this.timeout(patience);
      const image = await ensureImage(pauseImage);
      const { Entrypoint = [] } = pauseImage.configuration;
      const command = ["--pid", "--fork", "--kill-child", "chroot", image.root, ...Entrypoint];
      const unshare = spawn("unshare", command, { stdio: "ignore" });
      const ended = once(unshare, "exit") as Promise<[number | null]>;
      // As pid 1 of its namespace, it loses signals that it does not handle.
      const children = `/proc/${unshare.pid ?? 0}/task/${unshare.pid ?? 0}/children`;
      const pause = async (): Promise<string> => (await readFile(children, "utf8")).trim();
      const commandLine = async (): Promise<string> =>
        (await pause()) === "" ? "" : readFile(`/proc/${await pause()}/cmdline`, "utf8");
      while (!(await commandLine()).startsWith("/usr/bin/tini-static")) await sleep(20);
      await sleep(200);
      assert.equal(unshare.exitCode, null, "it has ended by itself");
      process.kill(Number(await pause()), "SIGTERM");
      assert.deepEqual((await ended)[0], 143);
    });

    it("vllm: has Python with what vLLM's packages need of Debian, and the version that its command asks for", async function () {
      this.timeout(patience);
      const image = await ensureImage(vllmImage);
      const script =
        "import ctypes, importlib.metadata, sqlite3, ssl, lzma, bz2, zlib, uuid;" +
        '[ctypes.CDLL(name) for name in ("libstdc++.so.6", "libnuma.so.1", "libgomp.so.1")];' +
        'print(importlib.metadata.version("vllm"))';
      assert.equal(await inside(image, ["/usr/bin/python3", "-c", script]), "0.32.0+cpu\n");
      assert.match(await inside(image, ["/usr/bin/lscpu", "--version"]), /^lscpu from util-linux/);
    });
  });
});

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { Progress } from "../../local/progress";
import { buildEntry } from "../../local/toolchain/buildEntry";
import { builds, type Build } from "../../local/toolchain/builds";
import { ensureGo } from "../../local/toolchain/go";
import { ensureToolchain } from "../../local/toolchain/toolchain";

const toolchainModule = join(__dirname, "..", "..", "local", "toolchain", "toolchain.ts");
const progressModule = join(__dirname, "..", "..", "local", "progress.ts");

describe("the toolchain", () => {
  const original = { ...process.env };
  let path: string;
  let directory: string;
  let lines: string[];
  let progress: Progress;

  before(async function () {
    this.timeout("5 min");
    // Before the tests have caches of their own: a Go that has to be fetched is fetched once, and its standard library is
    // not compiled anew for each test.
    const go = await ensureGo(new Progress());
    process.env["GOCACHE"] = execFileSync(go.program, ["env", "GOCACHE"], {
      encoding: "utf8",
    }).trim();
    path = [dirname(go.program), original["PATH"]].join(delimiter);
  });

  beforeEach(() => {
    process.env["PATH"] = path;
    directory = mkdtempSync(join(tmpdir(), "modelstore-toolchain-"));
    process.env["XDG_CACHE_HOME"] = join(directory, "cache");
    lines = [];
    progress = new Progress((line) => lines.push(line));
  });

  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  after(() => {
    for (const name of ["GOCACHE", "PATH", "XDG_CACHE_HOME"]) {
      if (original[name] === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = original[name];
    }
  });

  /** A build of one program that prints what the linker put into a variable. */
  function build(name: string, source?: string): Build {
    const module = join(directory, name);
    mkdirSync(module, { recursive: true });
    writeFileSync(join(module, "go.mod"), `module example.test/${name}\n\ngo 1.24\n`);
    writeFileSync(
      join(module, "main.go"),
      source ??
        'package main\n\nimport "os"\n\nvar version = "none"\n\nfunc main() { os.Stdout.WriteString(version) }\n',
    );
    return {
      name,
      version: "v1.2.3",
      module,
      programs: [
        { name, package: `example.test/${name}`, variables: { "main.version": "v1.2.3" } },
      ],
    };
  }

  function builtTimes(name: string): number {
    return lines.filter((line) => line.includes(`build ${name} v1.2.3: done`)).length;
  }

  /** Puts a program of the machine on PATH, which answers any question alike. */
  function install(name: string, answer: string): string {
    const bin = join(directory, "machine");
    mkdirSync(bin, { recursive: true });
    writeFileSync(join(bin, name), `#!/bin/sh\necho "${answer}"\n`);
    chmodSync(join(bin, name), 0o755);
    process.env["PATH"] = [bin, path].join(delimiter);
    return join(bin, name);
  }

  describe("builds", () => {
    it("a program with its linker's variables, and finds it again", async () => {
      const hello = build("hello");
      const toolchain = await ensureToolchain(progress, ["hello"], [hello]);
      const program = toolchain.bin("hello");
      assert.equal(execFileSync(program, { encoding: "utf8" }), "v1.2.3");
      assert.deepEqual(toolchain.directories, [dirname(program)]);

      // Neither Go nor its sources are needed now.
      writeFileSync(join(directory, "hello", "unrelated.txt"), "");
      const again = await ensureToolchain(progress, undefined, [hello]);
      assert.equal(again.bin("hello"), program);
      assert.equal(builtTimes("hello"), 1);
    }).timeout("1 min");

    it("only what is asked for", async () => {
      const toolchain = await ensureToolchain(progress, ["one"], [build("one"), build("two")]);
      assert.equal(builtTimes("two"), 0);
      assert.throws(() => toolchain.bin("two"), {
        message: "the toolchain was not asked for two, only for one",
      });
      await assert.rejects(ensureToolchain(progress, ["three"], [build("one"), build("two")]), {
        message: "no program three is built; there are one, two",
      });
    }).timeout("1 min");

    it("once, when it is asked for twice at the same time", async () => {
      const hello = build("hello");
      const [one, other] = await Promise.all([
        ensureToolchain(progress, ["hello"], [hello]),
        ensureToolchain(progress, ["hello"], [hello]),
      ]);
      assert.equal(one.bin("hello"), other.bin("hello"));
      assert.equal(builtTimes("hello"), 1);
    }).timeout("1 min");

    it("once for two processes, and again when the first is killed", async () => {
      const hello = build("hello");
      const script = `
        const { Progress } = require(${JSON.stringify(progressModule)});
        const { ensureToolchain } = require(${JSON.stringify(toolchainModule)});
        void ensureToolchain(new Progress(), undefined, [${JSON.stringify(hello)}]);
      `;
      const first = spawn(process.execPath, ["--import", "tsx", "--eval", script], {
        stdio: ["ignore", "ignore", "pipe"],
      });
      // It holds the lock once it says that it builds.
      await new Promise<void>((resolve) =>
        first.stderr.on("data", (text: Buffer) => {
          if (text.includes("build hello")) resolve();
        }),
      );
      const ended = new Promise((resolve) => first.once("exit", resolve));
      const second = ensureToolchain(progress, undefined, [hello]);
      assert.deepEqual(lines, []);
      first.kill("SIGKILL");
      await ended;
      const program = (await second).bin("hello");
      assert.equal(execFileSync(program, { encoding: "utf8" }), "v1.2.3");
      assert.equal(builtTimes("hello"), 1);
      // What the killed process had begun is gone.
      const entry = dirname(dirname(program));
      assert.deepEqual(readdirSync(dirname(entry)), [entry.slice(dirname(entry).length + 1)]);
    }).timeout("1 min");

    it("nothing, with an error that names the build, the compiler's complaint and the log", async () => {
      const broken = build("broken", "package main\n\nfunc main() { missing() }\n");
      const log = join(directory, "cache", "modelstore", "log", "build-broken-v1.2.3.log");
      await assert.rejects(ensureToolchain(progress, ["broken"], [broken]), {
        message: [
          "cannot build broken v1.2.3: go build ended with 1; it said last:",
          "  # example.test/broken",
          "  ./main.go:3:15: undefined: missing",
          `All of it is in ${log}`,
        ].join("\n"),
      });
      assert.match(readFileSync(log, "utf8"), /undefined: missing/);
      assert.equal(existsSync(buildEntry(broken)), false);
    }).timeout("1 min");

    it("with the first failure as the error of several builds", async () => {
      const broken = build("broken", "package main\n\nfunc main() { missing() }\n");
      await assert.rejects(
        ensureToolchain(progress, undefined, [broken, build("one"), build("two"), build("three")]),
        /^Error: cannot build broken v1\.2\.3/,
      );
    }).timeout("1 min");
  });

  describe("names an entry of the cache", () => {
    it("by all that decides what is built, and by nothing else", () => {
      const hello = build("hello");
      const seen = new Set([buildEntry(hello)]);
      const change = (file: string, text: string): void => {
        writeFileSync(join(hello.module, file), text);
      };
      const isNew = (changed: Build = hello): boolean => {
        const known = seen.size;
        return seen.add(buildEntry(changed)).size > known;
      };

      change("main_test.go", "package main\n");
      change("README.md", "text\n");
      assert.equal(isNew(), false);

      change("go.mod", "module example.test/hello\n\ngo 1.25\n");
      assert.equal(isNew(), true, "go.mod");
      change("go.sum", "example.test/other v1.0.0 h1:x=\n");
      assert.equal(isNew(), true, "go.sum");
      change("other.go", "package main\n");
      assert.equal(isNew(), true, "a source file");
      assert.equal(isNew({ ...hello, version: "v1.2.4" }), true, "the version");
      const [program] = hello.programs;
      assert.ok(program);
      assert.equal(
        isNew({ ...hello, programs: [{ ...program, variables: { "main.version": "v1.2.4" } }] }),
        true,
        "the linker's variables",
      );
      const manifest = { module: "example.test/other", path: "crd.yaml", name: "crd.yaml" };
      assert.equal(isNew({ ...hello, manifests: [manifest] }), true, "the manifests");
    });
  });

  describe("uses the machine's", () => {
    const recognition = { args: ["--version"], says: "hello v1.2.3" };

    it("program of the right version, and what lies beside it", async () => {
      const hello = build("hello");
      const host = build("host");
      const recognised: Build[] = [
        { ...hello, programs: hello.programs.map((program) => ({ ...program, recognition })) },
        {
          ...host,
          programs: host.programs.map((program) => ({
            ...program,
            recognition: { beside: "hello" },
          })),
        },
      ];
      const installed = install("hello", "hello v1.2.3 (of the machine)");
      install("host", "");
      const toolchain = await ensureToolchain(progress, undefined, recognised);
      assert.equal(toolchain.bin("hello"), installed);
      assert.equal(toolchain.bin("host"), join(dirname(installed), "host"));
      assert.deepEqual(lines, []);
    });

    it("program of another version never", async () => {
      const hello = build("hello");
      const recognised = {
        ...hello,
        programs: hello.programs.map((program) => ({ ...program, recognition })),
      };
      const installed = install("hello", "hello v1.2.30");
      const toolchain = await ensureToolchain(progress, undefined, [recognised]);
      assert.notEqual(toolchain.bin("hello"), installed);
      assert.equal(builtTimes("hello"), 1);
    }).timeout("1 min");
  });

  describe("has versions", () => {
    for (const { name, version, module, programs } of builds) {
      for (const program of programs) {
        it(`of ${program.name} that agree with its go.mod`, () => {
          const text = readFileSync(join(module, "go.mod"), "utf8");
          const required = [...text.matchAll(/^(?:require)?\s+(\S+) (v\S+)/gm)].find(
            ([, path = ""]) => `${program.package}/`.startsWith(`${path}/`),
          );
          // Our own program is in no other module.
          if (program.package.startsWith("modelstore/")) assert.equal(required, undefined);
          else {
            const stated = name === "csi-sidecars" ? program.variables?.["main.version"] : version;
            assert.equal(required?.[2], stated);
          }
        });
      }
    }
  });
});

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  configurationFile,
  exportLines,
  processEnvironment,
  readWorkspace,
  writeWorkspace,
  type WorkspaceArgs,
} from "../../local/workspace";

describe("a workspace", () => {
  let directory: string;
  let args: WorkspaceArgs;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "modelstore-workspace-"));
    args = {
      directory,
      configuration: (previous) =>
        `config: {}\n# written ${previous === undefined ? "first" : "again"}\n`,
      kubeconfig: "/a kube/config",
      path: ["/opt/one", "/opt/two"],
    };
  });

  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  it("is found again as it was written", () => {
    const workspace = writeWorkspace(args);
    assert.deepEqual(readWorkspace(directory), workspace);
  });

  it("is undefined where none was written", () => {
    assert.equal(readWorkspace(join(directory, "nothing")), undefined);
  });

  it("keeps its passphrase, readable by its owner alone, and hands on the last configuration", () => {
    writeWorkspace(args);
    const passphrase = readFileSync(join(directory, "passphrase"), "utf8");
    writeWorkspace(args);
    assert.equal(readFileSync(join(directory, "passphrase"), "utf8"), passphrase);
    assert.equal(statSync(join(directory, "passphrase")).mode & 0o777, 0o600);
    assert.match(readFileSync(configurationFile(directory), "utf8"), /written again/);
  });

  it("puts its folders before those of PATH", () => {
    const environment = processEnvironment(writeWorkspace(args));
    assert.equal(environment["PATH"], `/opt/one:/opt/two:${process.env["PATH"] ?? ""}`);
  });

  it("gives lines that a shell takes whatever characters the values hold", () => {
    const lines = exportLines(writeWorkspace({ ...args, kubeconfig: 'a "b" `c` $d' })).join("\n");
    const shell = execFileSync("sh", ["-c", `${lines}\nprintf '%s|%s' "$KUBECONFIG" "$PATH"`], {
      env: { PATH: "/usr/bin:/bin" },
      encoding: "utf8",
    });
    assert.equal(shell, 'a "b" `c` $d|/opt/one:/opt/two:/usr/bin:/bin');
  });
});

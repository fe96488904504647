import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { unpackModule } from "../../local/toolchain/moduleArchive";

describe("a Go module's archive", () => {
  // go.mod, bin/tool ("tool " forty times, compressed) and an empty a.txt, as Python's zipfile packs them.
  const archive = Buffer.from(
    "UEsDBBQAAAAAAAAAIVB7rv7oGQAAABkAAAAfAAAAZXhhbXBsZS50ZXN0L3Rvb2xAdjEuMC4wL2dvLm1vZG1vZHVsZSBleGFtcGxlLnRlc3QvdG9vbApQSwMEFAAAAAgAAAAhUDSc/DIKAAAAyAAAACEAAABleGFtcGxlLnRlc3QvdG9vbEB2MS4wLjAvYmluL3Rvb2wryc/PUSgZ+gQAUEsDBBQAAAAAAAAAIVAAAAAAAAAAAAAAAAAeAAAAZXhhbXBsZS50ZXN0L3Rvb2xAdjEuMC4wL2EudHh0UEsBAhQDFAAAAAAAAAAhUHuu/ugZAAAAGQAAAB8AAAAAAAAAAAAAAIABAAAAAGV4YW1wbGUudGVzdC90b29sQHYxLjAuMC9nby5tb2RQSwECFAMUAAAACAAAACFQNJz8MgoAAADIAAAAIQAAAAAAAAAAAAAAgAFWAAAAZXhhbXBsZS50ZXN0L3Rvb2xAdjEuMC4wL2Jpbi90b29sUEsBAhQDFAAAAAAAAAAhUAAAAAAAAAAAAAAAAB4AAAAAAAAAAAAAAIABnwAAAGV4YW1wbGUudGVzdC90b29sQHYxLjAuMC9hLnR4dFBLBQYAAAAAAwADAOgAAADbAAAAAAA=",
    "base64",
  );
  const prefix = "example.test/tool@v1.0.0";
  const hash = "h1:GjX9+LVq/2rRs3bmp7XRSZlf6eml1yF9GgXjZV+4rSY=";
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "modelstore-module-"));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it("is unpacked when it has the hash that go.sum would have", async () => {
    await unpackModule(archive, prefix, hash, folder);
    assert.equal(readFileSync(join(folder, "bin", "tool"), "utf8"), "tool ".repeat(40));
    assert.deepEqual(readdirSync(folder).sort(), ["a.txt", "bin", "go.mod"]);
  });

  it("is refused when a byte of it is another", async () => {
    const changed = Buffer.from(archive);
    const at = changed.indexOf("module example.test");
    changed.write("M", at);
    await assert.rejects(unpackModule(changed, prefix, hash, folder), {
      message:
        /^the archive of example\.test\/tool@v1\.0\.0 has the hash h1:\S+=, expected h1:GjX9/,
    });
    assert.deepEqual(readdirSync(folder), []);
  });

  it("is refused when it is cut short", async () => {
    await assert.rejects(unpackModule(archive.subarray(0, 300), prefix, hash, folder), {
      message: "the file is not a ZIP archive, or is cut short",
    });
  });
});

import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { Progress } from "../../local/progress";
import { ensureDebianPackages } from "../../local/toolchain/debian";
import { ensureGo } from "../../local/toolchain/go";

describe("the CSI driver", () => {
  before(function () {
    // Mounting takes root, as does the platform that the driver is for.
    if (process.getuid?.() !== 0) this.skip();
  });

  it("passes its own tests and the conformance suite of the CSI specification", async () => {
    const progress = new Progress();
    const [go, { root }] = await Promise.all([ensureGo(progress), ensureDebianPackages(progress)]);
    const libraries = readdirSync(join(root, "usr", "lib")).filter((name) =>
      name.endsWith("-linux-gnu"),
    );
    execFileSync(go.program, ["test", "-count=1", "./..."], {
      cwd: join(__dirname, "..", "..", "local", "csi-driver"),
      env: {
        ...process.env,
        ...go.environment,
        PATH: [process.env["PATH"], join(root, "usr/sbin"), join(root, "usr/bin")].join(delimiter),
        LD_LIBRARY_PATH: libraries.map((name) => join(root, "usr", "lib", name)).join(delimiter),
      },
    });
  }).timeout("10 min");
});

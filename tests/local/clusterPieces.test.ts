/** The embedded node's decisions that need no node. */
import assert from "node:assert/strict";
import { parse } from "yaml";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { hierarchies } from "../../local/cluster/cgroups";
import { mountsBelow } from "../../local/cluster/mounts";
import { freeNumber } from "../../local/cluster/network";
import { formatDuration, formatParts } from "../../local/cluster/status";
import { checkout } from "../../local/paths";

describe("embedded node", () => {
  describe("control group hierarchies", () => {
    it("are all mounted ones of version 1, each with its controllers", () => {
      const mountInfo = [
        "24 1 0:21 / /proc rw,nosuid - proc proc rw",
        "30 29 0:26 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:9 - cgroup cgroup rw,cpu,cpuacct",
        "31 29 0:27 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,release_agent=/x,name=systemd",
      ].join("\n");
      assert.deepEqual(hierarchies(mountInfo), [
        { version: 1, mountPoint: "/sys/fs/cgroup/cpu,cpuacct", controllers: ["cpu", "cpuacct"] },
        { version: 1, mountPoint: "/sys/fs/cgroup/systemd", controllers: ["name=systemd"] },
      ]);
    });

    it("are one of version 2, also where it is mounted twice", () => {
      const mountInfo = [
        "30 29 0:26 / /nowhere/cgroup rw - cgroup2 cgroup2 rw,nsdelegate",
        "44 29 0:26 / /nowhere/else rw - cgroup2 cgroup2 rw,nsdelegate",
      ].join("\n");
      const [only, ...others] = hierarchies(mountInfo);
      assert.equal(only?.version, 2);
      assert.deepEqual(others, []);
    });
  });

  describe("mounts below a folder", () => {
    it("come innermost first, with their names unescaped, and without look-alikes", () => {
      const mountInfo = [
        "50 1 7:0 / /var/lib/kubelet rw - ext4 /dev/a rw",
        "51 50 7:0 / /var/lib/kubelet/pods/a\\040b rw - xfs /dev/loop0 rw",
        "52 51 7:0 / /var/lib/kubelet/pods/a\\040b/c rw - tmpfs tmpfs rw",
        "53 1 7:0 / /var/lib/kubelet2/x rw - xfs /dev/loop1 rw",
      ].join("\n");
      assert.deepEqual(mountsBelow("/var/lib/kubelet", mountInfo), [
        "/var/lib/kubelet/pods/a b/c",
        "/var/lib/kubelet/pods/a b",
      ]);
    });
  });

  describe("network numbers", () => {
    it("are the preferred one, else the next free one, going round", () => {
      assert.equal(freeNumber(new Set(), 7), 7);
      assert.equal(freeNumber(new Set([7, 8]), 7), 9);
      assert.equal(freeNumber(new Set([255]), 255), 0);
    });

    it("run out with a message that says what to do", () => {
      const all = new Set(Array.from({ length: 256 }, (_, number) => number));
      assert.throws(() => freeNumber(all, 3), /all in use.*npm run down/);
    });
  });

  describe("status", () => {
    it("is a table that lines up", () => {
      const since = "2026-01-01T00:00:00Z";
      const table = formatParts(
        [
          { name: "etcd", state: "ready", pid: 12, since, restarts: 0 },
          { name: "kubelet", state: "restarting", since, restarts: 2, trouble: "exit code 1" },
        ],
        new Date("2026-01-01T01:02:03Z"),
      );
      assert.equal(
        table,
        [
          "SERVICE  STATE       PID  FOR        RESTARTS  LAST TROUBLE",
          "etcd     ready       12   1 h 2 min  0",
          "kubelet  restarting  -    1 h 2 min  2         exit code 1",
        ].join("\n"),
      );
    });

    it("says durations in their two largest units", () => {
      assert.deepEqual([0, 59.6, 61, 3600 * 26].map(formatDuration), [
        "0 s",
        "1 min 0 s",
        "1 min 1 s",
        "26 h 0 min",
      ]);
    });
  });

  describe("strictness", () => {
    interface Schema {
      readonly properties?: Readonly<Record<string, Schema>>;
    }
    interface List {
      readonly items: readonly {
        readonly spec: {
          readonly versions: readonly { readonly schema: { readonly openAPIV3Schema: Schema } }[];
        };
      }[];
    }

    const objects = join(checkout, "local", "cluster");
    const types = parse(readFileSync(join(objects, "crds", "models.yaml"), "utf8")) as List;
    const policy = readFileSync(join(objects, "objects", "cluster", "strictness.yaml"), "utf8");

    it("allows exactly the fields that the schema has", () => {
      const root = types.items[0]?.spec.versions[0]?.schema.openAPIV3Schema;
      const spec = root?.properties?.["spec"]?.properties ?? {};
      const levels = [
        root,
        ...["storage", "modelFormat", "diffusionPipeline"].map((key) => spec[key]),
      ];
      const names = [
        ...levels.map((level) => Object.keys(level?.properties ?? {})),
        Object.keys(spec),
      ];
      const allowed = [...policy.matchAll(/\[('[^\]]*')\]/g)].map(([, list = ""]) =>
        [...list.matchAll(/'(\w+)'/g)].map(([, name]) => name),
      );
      const sorted = (lists: readonly (readonly (string | undefined)[])[]): string[] =>
        lists.map((list) => [...list].sort().join()).sort();
      assert.deepEqual(sorted(allowed), sorted(names));
    });
  });
});

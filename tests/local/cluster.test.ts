/**
 * The embedded cluster as a whole: started, used, hurt, stopped, on this machine. The tests build on each other, in
 * order, since each start costs seconds. They do not prove that control groups of version 2 work, unless the machine
 * has them.
 */
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { hierarchies } from "../../local/cluster/cgroups";
import {
  clusterLogs,
  clusterStatus,
  purgeCluster,
  startCluster,
  stopCluster,
  type ClusterArgs,
} from "../../local/cluster/cluster";
import { formatParts } from "../../local/cluster/status";
import { binaries } from "../../local/cluster/settings";
import { ensureImage } from "../../local/images/image";
import { nodeImage } from "../../local/images/node";
import { pauseImage } from "../../local/images/pause";
import { stateId } from "../../local/paths";
import { Progress } from "../../local/progress";
import { ensureDebianPackages } from "../../local/toolchain/debian";
import { ensureToolchain } from "../../local/toolchain/toolchain";

const execute = promisify(execFile);
const namespace = "cluster-test";

describe("embedded cluster", function () {
  this.timeout(120_000);

  const state = mkdtempSync(join(tmpdir(), "modelstore-cluster-"));
  const quiet = new Progress(() => undefined);
  let args: ClusterArgs;
  let kubectlPath = "";

  before(async function () {
    // Where nothing is in the cache yet, this builds it.
    this.timeout(3_600_000);
    const [toolchain, packages, pause, node] = await Promise.all([
      ensureToolchain(quiet, binaries),
      ensureDebianPackages(quiet),
      ensureImage(pauseImage),
      ensureImage(nodeImage),
    ]);
    args = { state, toolchain, packages, images: { pause: pause.name, archives: [pause, node] } };
    kubectlPath = toolchain.bin("kubectl");
    const from = Date.now();
    await startCluster(args, quiet);
    console.log(`    cold start to a node ready for pods: ${secondsSince(from).toFixed(1)} s`);
  });

  after(async () => {
    await purgeCluster(state);
    rmSync(state, { recursive: true });
  });

  async function kubectl(...words: string[]): Promise<string> {
    const environment = { ...process.env, KUBECONFIG: clusterStatus(state).kubeconfig };
    const { stdout } = await execute(kubectlPath, words, { env: environment });
    return stdout.trim();
  }

  /** Sends an object to the cluster the way a careless client would: without asking for validation. */
  async function apply(object: object): Promise<void> {
    const child = execute(kubectlPath, ["apply", "--validate=false", "--filename", "-"], {
      env: { ...process.env, KUBECONFIG: clusterStatus(state).kubeconfig },
    });
    child.child.stdin?.end(JSON.stringify(object));
    await child;
  }

  /** Runs a program of Node in a Job that asks for two GPUs and mounts the claim; returns what it printed. */
  async function runJob(name: string, program: string): Promise<string> {
    await apply({
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name, namespace },
      spec: {
        backoffLimit: 0,
        template: {
          spec: {
            ...podSpec(["node", "-e", program]),
            restartPolicy: "Never",
          },
        },
      },
    });
    try {
      await kubectl(
        "-n",
        namespace,
        "wait",
        "--for=condition=Complete",
        `job/${name}`,
        "--timeout=60s",
      );
    } catch (error) {
      const pods = await kubectl("-n", namespace, "describe", "pods", "-l", `job-name=${name}`);
      throw new Error(`job ${name} did not complete:\n${pods}`, { cause: error });
    }
    return kubectl("-n", namespace, "logs", `job/${name}`);
  }

  function pidOf(service: string): number {
    const pid = clusterStatus(state).parts.find(({ name }) => name === service)?.pid;
    assert(pid !== undefined, `${service} has no process`);
    return pid;
  }

  /** Kills a service and waits until it is ready again as another process. */
  async function killAndAwait(service: string): Promise<void> {
    const pid = pidOf(service);
    process.kill(pid, "SIGKILL");
    await until(() => {
      const part = clusterStatus(state).parts.find(({ name }) => name === service);
      return part?.state === "ready" && part.pid !== undefined && part.pid !== pid;
    }, `${service} ready again`);
  }

  it("has a ready node with stand-in GPUs", async () => {
    const nodes = await kubectl("get", "nodes", "-o", "json");
    const { items } = JSON.parse(nodes) as {
      items: {
        metadata: { name: string; labels: Record<string, string> };
        status: {
          allocatable: Record<string, string>;
          conditions: { type: string; status: string }[];
        };
      }[];
    };
    assert.deepEqual(
      items.map(({ metadata, status }) => [
        metadata.name,
        metadata.labels["nvidia.com/gpu.product"],
        status.allocatable["nvidia.com/gpu"],
        status.conditions.find(({ type }) => type === "Ready")?.status,
      ]),
      [["modelstore-node", "stand-in", "8", "True"]],
    );
    assert.equal(clusterStatus(state).phase, "running");
    const table = formatParts(clusterStatus(state).parts);
    assert.match(table, /^SERVICE +STATE +PID/);
    assert.match(table, /^kubelet +ready +\d+/m);
  });

  it("runs a restricted Job with GPUs that writes to a dynamic volume", async () => {
    await apply({
      apiVersion: "v1",
      kind: "Namespace",
      metadata: {
        name: namespace,
        labels: { "pod-security.kubernetes.io/enforce": "restricted" },
      },
    });
    await apply({
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { name: "data", namespace },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "300Mi" } } },
    });
    const said = await runJob(
      "writes",
      `fs.writeFileSync("/data/word", "kept"); console.log("wrote")`,
    );
    assert.equal(said, "wrote");
  });

  it("forbids what a restricted namespace forbids", async () => {
    const pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "privileged", namespace },
      spec: {
        containers: [{ name: "c", image: nodeImage.name, securityContext: { privileged: true } }],
      },
    };
    await assert.rejects(apply(pod), /violates PodSecurity "restricted/);
  });

  it("carries Services, logs, exec and port-forward, and nothing to the outside", async () => {
    const program = `require("http").createServer((_, answer) => answer.end("hello")).listen(8080, () => console.log("up"))`;
    await apply({
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "web", namespace },
      spec: {
        selector: { matchLabels: { app: "web" } },
        template: {
          metadata: { labels: { app: "web" } },
          spec: podSpec(["node", "-e", program], { port: 8080, path: "/" }),
        },
      },
    });
    await apply({
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "web", namespace },
      spec: { selector: { app: "web" }, ports: [{ port: 80, targetPort: 8080 }] },
    });
    await kubectl("-n", namespace, "rollout", "status", "deployment/web", "--timeout=60s");
    const address = await kubectl(
      "-n",
      namespace,
      "get",
      "service",
      "web",
      "-o",
      "jsonpath={.spec.clusterIP}",
    );

    // kube-proxy hears of a ready pod a moment after everybody else, and refuses connections until then.
    const ask = `(async () => {
      for (const end = Date.now() + 20000; ; await new Promise((next) => setTimeout(next, 200))) {
        try {
          return console.log(await (await fetch("http://${address}/")).text());
        } catch (error) {
          if (Date.now() > end) throw error;
        }
      }
    })()`;
    const answer = await inWeb("node", "-e", ask);
    assert.equal(answer, "hello");
    assert.equal(await kubectl("-n", namespace, "logs", "deployment/web"), "up");
    const outside = `fetch("http://192.0.2.1/").catch((error) => console.log(error.cause.code))`;
    assert.equal(await inWeb("node", "-e", outside), "ENETUNREACH");
    assert.equal(await throughForward(), "hello");
  });

  function inWeb(...command: string[]): Promise<string> {
    return kubectl("-n", namespace, "exec", "deployment/web", "--", ...command);
  }

  async function throughForward(): Promise<string> {
    const port = await freePort();
    const forward = spawn(
      kubectlPath,
      ["-n", namespace, "port-forward", "service/web", `${port}:80`],
      { env: { ...process.env, KUBECONFIG: clusterStatus(state).kubeconfig } },
    );
    try {
      await new Promise((resolve) => forward.stdout.once("data", resolve));
      return await (await fetch(`http://127.0.0.1:${port}/`)).text();
    } finally {
      forward.kill();
    }
  }

  it("takes models with known fields and names the unknown ones of others", async () => {
    const model = {
      apiVersion: "ome.io/v1beta1",
      kind: "BaseModel",
      metadata: { name: "good", namespace },
      spec: {
        storage: { storageUri: "pvc://data/org/repo" },
        modelFormat: { name: "safetensors" },
      },
    };
    await apply(model);
    const typos = {
      ...model,
      metadata: { name: "typos", namespace },
      spec: {
        ...model.spec,
        modelTyp: "llama",
        storage: { storageURI: "x", storageUri: "pvc://a/b" },
      },
    };
    await assert.rejects(apply(typos), /unknown fields: spec.modelTyp, spec.storage.storageURI/);
    const cluster = { ...typos, kind: "ClusterBaseModel", metadata: { name: "typos" } };
    await assert.rejects(apply(cluster), /unknown fields: spec.modelTyp, spec.storage.storageURI/);
    const choice = {
      ...model,
      spec: { ...model.spec, storage: { ...model.spec.storage, downloadPolicy: "Sometimes" } },
    };
    await assert.rejects(apply(choice), /"Sometimes": supported values/);
  });

  it("is found running by a second start, at once", async () => {
    const pid = pidOf("etcd");
    const from = Date.now();
    await startCluster(args, quiet);
    assert(secondsSince(from) < 2, `the second start took ${secondsSince(from)} s`);
    assert.equal(pidOf("etcd"), pid);
  });

  it("looks after simulated nodes when it is asked to, without a new start", async () => {
    const pid = pidOf("etcd");
    await startCluster({ ...args, kwok: true }, quiet);
    assert.equal(pidOf("etcd"), pid);
    const capacity = { cpu: "64", memory: "512Gi", pods: "110", "nvidia.com/gpu": "8" };
    await apply({
      apiVersion: "v1",
      kind: "Node",
      metadata: {
        name: "simulated",
        annotations: { "kwok.x-k8s.io/node": "fake" },
        labels: { simulated: "true" },
      },
      spec: { taints: [{ key: "simulated", effect: "NoSchedule" }] },
      status: { capacity, allocatable: capacity },
    });
    await apply({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "simulated", namespace: "default" },
      spec: {
        nodeSelector: { simulated: "true" },
        tolerations: [{ key: "simulated" }],
        containers: [
          { name: "c", image: "none", resources: { limits: { "nvidia.com/gpu": "8" } } },
        ],
      },
    });
    await kubectl("wait", "--for=condition=Ready", "pod/simulated", "--timeout=30s");
    await kubectl("delete", "pod/simulated", "node/simulated");
  });

  it("survives the sudden end of its services, and so do its pods", async () => {
    const pod = await inWeb("hostname");
    for (const service of ["etcd", "csi-driver", "containerd", "kubelet"]) {
      await killAndAwait(service);
    }
    const said = await runJob("reads", `console.log(fs.readFileSync("/data/word", "utf8"))`);
    assert.equal(said, "kept");
    assert.equal(await inWeb("hostname"), pod);
    const restarts = await kubectl(
      ...["-n", namespace, "get", "pods", "-l", "app=web"],
      ...["-o", "jsonpath={.items[*].status.containerStatuses[*].restartCount}"],
    );
    assert.equal(restarts, "0");
  });

  it("starts again after its first process was killed", async () => {
    process.kill(firstProcess(), "SIGKILL");
    await until(() => clusterStatus(state).phase === "stopped", "the cluster stopped");
    await startCluster(args, quiet);
    const said = await runJob("reads-again", `console.log(fs.readFileSync("/data/word", "utf8"))`);
    assert.equal(said, "kept");
  });

  it("leaves nothing but its data when it stops", async () => {
    const from = Date.now();
    await stopCluster(state);
    console.log(`    stop: ${secondsSince(from).toFixed(1)} s`);
    assert.deepEqual(await leftovers(), []);
    assert.equal(clusterStatus(state).phase, "stopped");
    await stopCluster(state);
  });

  it("finds its data again when it starts after a stop", async () => {
    const from = Date.now();
    await startCluster(args, quiet);
    console.log(`    start with data: ${secondsSince(from).toFixed(1)} s`);
    assert.equal(
      await kubectl(
        "-n",
        namespace,
        "get",
        "basemodel",
        "good",
        "-o",
        "jsonpath={.spec.storage.storageUri}",
      ),
      "pvc://data/org/repo",
    );
    const said = await runJob(
      "reads-at-last",
      `console.log(fs.readFileSync("/data/word", "utf8"))`,
    );
    assert.equal(said, "kept");
  });

  it("shows a service's log, or the logs that there are", () => {
    assert.match(clusterLogs(state, "kube-apiserver"), /\n/);
    assert.throws(
      () => clusterLogs(state, "apiserver"),
      /got "apiserver", which has no log in .*; logs: .*kube-apiserver/,
    );
  });

  it("has nothing left of its state either when it is purged", async () => {
    await purgeCluster(state);
    assert.deepEqual(await leftovers(), []);
    assert.deepEqual(readdirSync(state), []);
  });

  function firstProcess(): number {
    const [{ mountPoint } = { mountPoint: "" }] = hierarchies();
    const processes = readFileSync(
      join(mountPoint, `modelstore-${stateId(state)}`, "cgroup.procs"),
      "utf8",
    );
    const first = processes
      .trim()
      .split("\n")
      .find((pid) => /^NSpid:\s+\d+\s+1$/m.test(readFileSync(`/proc/${pid}/status`, "utf8")));
    assert(first, "the node has no first process");
    return Number(first);
  }

  /** Whatever on this machine carries the state folder's path or its id. */
  async function leftovers(): Promise<string[]> {
    const id = stateId(state);
    const found: string[] = [];
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
      for (const file of ["cmdline", "mounts", "cgroup"]) {
        const text = readIfThere(join("/proc", pid, file));
        if (pid !== String(process.pid) && (text.includes(state) || text.includes(id))) {
          found.push(`/proc/${pid}/${file}`);
        }
      }
    }
    for (const { mountPoint } of hierarchies()) {
      found.push(...readdirSync(mountPoint).filter((name) => name.includes(id)));
    }
    const links = (await execute("ip", ["-br", "link"])).stdout.split("\n");
    found.push(...links.filter((line) => line.includes(id)));
    const loops = (await execute("losetup", ["--list"])).stdout.split("\n");
    found.push(...loops.filter((line) => line.includes(state)));
    return found;
  }
});

function podSpec(command: string[], readiness?: { port: number; path: string }): object {
  return {
    terminationGracePeriodSeconds: 1,
    securityContext: {
      runAsNonRoot: true,
      fsGroup: 1000,
      seccompProfile: { type: "RuntimeDefault" },
    },
    containers: [
      {
        name: "c",
        image: nodeImage.name,
        command,
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ["ALL"] },
        },
        resources: { limits: { "nvidia.com/gpu": "2", memory: "256Mi" } },
        ...(readiness
          ? { readinessProbe: { httpGet: readiness, periodSeconds: 1 } }
          : { volumeMounts: [{ name: "data", mountPath: "/data" }] }),
      },
    ],
    ...(readiness
      ? {}
      : { volumes: [{ name: "data", persistentVolumeClaim: { claimName: "data" } }] }),
  };
}

function secondsSince(from: number): number {
  return (Date.now() - from) / 1000;
}

async function until(question: () => boolean, what: string): Promise<void> {
  const end = Date.now() + 60_000;
  while (!question()) {
    assert(Date.now() < end, `waited 60 s for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    // Processes come and go.
    if (
      ["ENOENT", "ESRCH", "EACCES", "EINVAL"].includes((error as NodeJS.ErrnoException).code ?? "")
    ) {
      return "";
    }
    throw error;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => {
        resolve(typeof address === "object" && address ? address.port : 0);
      });
    });
  });
}

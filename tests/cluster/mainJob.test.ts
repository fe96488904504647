/**
 * The main job, as a person runs it: from `npm run up` on this machine to tokens, through changes and failures, to
 * `npm run down`. Genuine Kubernetes, engine and vLLM; the commands are those of the README. It does not prove that the
 * genuine Kubernetes plugin behaves as the stand-in does where the genuine one cannot be installed.
 *
 * The steps build on each other: when one fails, those after it are not run.
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";
import { parse, stringify } from "yaml";
import { type StackOutputs } from "../../commands/stackOutputs";
import { complete, parseEndpoint } from "../../local/completion";
import { filesIn, Repositories, type Access } from "../../local/hub/repositories";
import { Readme } from "../support/readme";
import { Shell } from "../support/shell";
import { traces } from "../support/traces";
import { VolumeReader } from "../support/volumeReader";

const sentence = "Weights belong on a volume: written once, verified, and served many times.";

/** The part of a stack file that the test changes. */
interface StackFile {
  config: {
    "modelstore:cluster": object;
    "modelstore:models": Record<string, Record<string, unknown>>;
  };
}

describe("the main job", function () {
  this.bail(true);
  this.timeout(15 * 60_000);

  const shell = new Shell();
  const readme = new Readme();
  const volume = new VolumeReader(shell, "models", "weights");

  after(async () => {
    await shell.run("npm run down -- --purge");
    rmSync(shell.state, { recursive: true, force: true });
  });

  it("npm run up ends with a table and the sentence that only our weights know", async () => {
    const up = await shell.run(readme.command("npm run up"));
    assert.equal(up.status, 0, up.stdout + up.stderr);
    assert.match(
      up.stdout,
      /^MODEL +VOLUME +ACCESS MODES +SIZE +POPULATED +CATALOGUE URI +ENDPOINT$/m,
    );
    assert.match(up.stdout, /^tiny +weights +ReadWriteOnce +\S+ +\S+ MiB at \S+ .iB\/s +pvc:\/\//m);
    assert.match(up.stdout, /^STEP +SECONDS$/m);
    assert.ok(up.stdout.includes(sentence), up.stdout);
  });

  it("pulumi stack output --json has the documented shape", async () => {
    const outputs = await stackOutputs();
    assert.deepEqual(Object.keys(outputs).sort(), [
      "estimatedMonthlyCostUsd",
      "models",
      "storageClasses",
      "volumes",
      "warnings",
    ]);
    const { tiny } = outputs.models;
    assert.ok(tiny);
    assert.deepEqual(Object.keys(tiny).sort(), [
      "bytes",
      "claim",
      "endpoint",
      "files",
      "namespace",
      "path",
      "revision",
      "servedModelName",
      "source",
      "uri",
    ]);
    assert.match(tiny.revision ?? "", /^[0-9a-f]{40}$/);
    assert.ok((tiny.files ?? 0) > 3 && (tiny.bytes ?? 0) > 1_000_000, JSON.stringify(tiny));
    assert.deepEqual(Object.keys(outputs.volumes["weights"] ?? {}).sort(), [
      "accessModes",
      "capacity",
      "claim",
      "namespace",
      "storageClass",
    ]);
  });

  it("the README's way of looking around works", async () => {
    readme.command('eval "$(npm run -s env)"');
    const listed = await shell.platformOutput(
      readme.command("kubectl --namespace models get pods,jobs,pvc"),
    );
    assert.match(listed, /^pod\/tiny-.* Running /m);
    assert.match(listed, /^job\.batch\/tiny-populate-.* Complete /m);
    assert.match(listed, /^persistentvolumeclaim\/weights +Bound /m);
    assert.match(await shell.output(readme.command("npm run status")), /^kubelet +ready /m);
    assert.match(await shell.output(readme.command("npm run logs -- hub")), /serving /);
    assert.match(await shell.output(readme.command("npm run plan")), /\btiny\b/);
  });

  it("the volume holds the model with a manifest that standard tools agree with", async () => {
    const { tiny } = (await stackOutputs()).models;
    const manifest = JSON.parse(
      await volume.output(`cat ${tiny?.path ?? ""}/.modelstore.json`),
    ) as {
      files: { path: string; sha256: string }[];
    };
    assert.equal(manifest.files.length, tiny?.files);
    const checksums = manifest.files.map(({ path, sha256 }) => `${sha256}  ${path}`).join("\n");
    const checked = await volume.output(
      `cd ${tiny?.path ?? ""} && sha256sum -c - <<'SUMS'\n${checksums}\nSUMS`,
    );
    assert.equal(checked.match(/: OK$/gm)?.length, manifest.files.length);
  });

  it("the server cannot write to the volume, and holds no token", async () => {
    const write = await shell.inPlatform(
      "kubectl -n models exec deploy/tiny -- sh -c 'touch /models/x; id -u; env; ls /var/run/secrets'",
    );
    assert.match(write.stderr, /Read-only file system/);
    assert.match(write.stdout, /^1000$/m);
    assert.doesNotMatch(write.stdout, /TOKEN/);
  });

  it("a second npm run up changes nothing, in under a minute", async () => {
    const up = await shell.run(readme.command("npm run up"));
    assert.equal(up.status, 0, up.stdout + up.stderr);
    assert.ok(up.stdout.includes(sentence));
    assert.ok(up.seconds < 60, `${up.seconds} s`);
    const changes = await lastChanges();
    assert.deepEqual(Object.keys(changes), ["same"], JSON.stringify(changes));
  });

  it("npm run up -- --context brings the stack up on a cluster that is already there", async () => {
    // The platform's own cluster stands in for somebody else's; another namespace keeps the two stacks apart.
    const stackFile = join(shell.state, "elsewhere.yaml");
    const { config } = parse(
      readFileSync(join(shell.state, "Pulumi.dev.yaml"), "utf8"),
    ) as StackFile;
    const { source, volume: claim, serve } = config["modelstore:models"]["tiny"] ?? {};
    config["modelstore:cluster"] = { namespace: "elsewhere", createNamespace: true };
    config["modelstore:models"] = { tiny: { source, volume: claim, serve } };
    writeFileSync(stackFile, stringify({ config }));
    const kubeconfig = { KUBECONFIG: join(shell.state, "kubeconfig") };

    const up = await shell.run(
      `npm run up -- --context modelstore --config-file ${stackFile}`,
      kubeconfig,
    );
    assert.equal(up.status, 0, up.stdout + up.stderr);
    assert.match(up.stdout, /^tiny .* http:\/\/tiny\.elsewhere\./m);
    assert.ok(up.stdout.includes(sentence), up.stdout);

    const down = await shell.run("npm run down -- --context modelstore --purge", kubeconfig);
    assert.equal(down.status, 0, down.stdout + down.stderr);
    const left = await shell.platformOutput("kubectl --namespace elsewhere get pods,pvc -o name");
    assert.equal(left, "");
  });

  it("more replicas change the Deployment alone", async () => {
    await configure("models.tiny.serve.replicas", "2");
    await pulumiUp();
    const { same, ...others } = await lastChanges();
    assert.ok((same ?? 0) > 0);
    assert.deepEqual(Object.keys(others).sort(), ["create", "update"], JSON.stringify(others));
    const ready = await shell.platformOutput(
      "kubectl -n models get deploy tiny -o jsonpath={.status.readyReplicas}",
    );
    assert.equal(ready, "2");
    await configure("models.tiny.serve.replicas", "1");
    await pulumiUp();
  });

  it("another revision is populated beside the old one and served", async () => {
    const before = (await stackOutputs()).models["tiny"];
    await configure("models.tiny.source", "hf://modelstore/tiny-llama@second");
    await pulumiUp();
    const now = (await stackOutputs()).models["tiny"];
    assert.notEqual(now?.revision, before?.revision);
    assert.match(await completion(), /second revision/);
    await volume.output(`test -f ${before?.path ?? ""}/.modelstore.json`);
  });

  it("a wrong token fails population with the loader's own words in pulumi up's output", async () => {
    await copyModel("gated-llama", { gated: true, tokens: ["hf_accepted"] });
    await shell.platformOutput(
      "kubectl -n models create secret generic hub-token --from-literal=HF_TOKEN=hf_wrong",
    );
    await configure("models.gated.source", "hf://modelstore/gated-llama");
    await configure("models.gated.volume", "weights");
    await configure("models.gated.tokenSecret.name", "hub-token");
    await configure("models.gated.tokenSecret.key", "HF_TOKEN");
    const up = await shell.inPlatform("pulumi up --yes --skip-preview --non-interactive");
    assert.notEqual(up.status, 0);
    assert.match(up.stdout, /exited with 77: the token is not valid for modelstore\/gated-llama /);
    assert.doesNotMatch(up.stdout + up.stderr, /hf_wrong/);
    assert.ok(up.seconds < 120, `${up.seconds} s`);
  });

  it("the right token mends it at the next pulumi up", async () => {
    await shell.platformOutput(
      `kubectl -n models patch secret hub-token -p '{"stringData":{"HF_TOKEN":"hf_accepted"}}'`,
    );
    await pulumiUp();
    assert.match((await stackOutputs()).models["gated"]?.revision ?? "", /^[0-9a-f]{40}$/);
  });

  it("one changed byte at the hub fails population: the file's name, code 65, nothing at the path", async () => {
    flipOneByte(await copyModel("damaged-llama"));
    await configure("models.damaged.source", "hf://modelstore/damaged-llama");
    await configure("models.damaged.volume", "weights");
    const up = await shell.inPlatform("pulumi up --yes --skip-preview --non-interactive");
    assert.notEqual(up.status, 0);
    assert.match(up.stdout, /exited with 65: .*model-0000\d-of-0000\d\.safetensors/);
    await volume.output("test ! -e modelstore/damaged-llama/main");
    await shell.platformOutput(`pulumi config rm --path 'modelstore:models.damaged'`);
    await pulumiUp();
  });

  it("npm run down leaves nothing of ours on the machine", async () => {
    const down = await shell.run(readme.command("npm run down"));
    assert.equal(down.status, 0, down.stdout + down.stderr);
    assert.deepEqual(traces(shell.state), []);
  });

  it("the weights are still there at the next npm run up", async () => {
    const up = await shell.run(readme.command("npm run up"));
    assert.equal(up.status, 0, up.stdout + up.stderr);
    assert.match(up.stdout, /^tiny .* already there /m);
    assert.ok(up.stdout.includes(sentence), up.stdout);
  });

  it("npm run down -- --purge removes the volumes and the state as well", async () => {
    const down = await shell.run(readme.command("npm run down -- --purge"));
    assert.equal(down.status, 0, down.stdout + down.stderr);
    assert.deepEqual(traces(shell.state), []);
    assert.equal(existsSync(shell.state), false);
  });

  it("npm run check passes", async () => {
    await shell.output(readme.command("npm run check"));
  });

  it("every command of the README has been run, this very one among them", () => {
    readme.command("npm test");
    assert.deepEqual(readme.untaken, []);
  });

  /** Commits a copy of the model to the platform's hub under another name, and returns the path of one of its shards. */
  async function copyModel(name: string, access: Access = {}): Promise<string> {
    const hub = new Repositories(join(shell.state, "hub"));
    const original = await hub.find("modelstore/tiny-llama");
    const commit = original?.refs["main"] ?? "";
    const id = `modelstore/${name}`;
    const files = await filesIn(join(hub.root, "modelstore/tiny-llama/commits", commit));
    const copy = await hub.commit(id, "main", files);
    await hub.setAccess(id, access);
    const shard = Object.keys(files).find((path) => path.endsWith(".safetensors"));
    assert.ok(shard, "the model has no shard");
    return hub.file(id, copy, shard);
  }

  async function stackOutputs(): Promise<StackOutputs> {
    return JSON.parse(
      await shell.platformOutput(readme.command("pulumi stack output --json")),
    ) as StackOutputs;
  }

  async function configure(path: string, value: string): Promise<void> {
    await shell.platformOutput(`pulumi config set --path 'modelstore:${path}' '${value}'`);
  }

  async function pulumiUp(): Promise<void> {
    await shell.platformOutput("pulumi up --yes --skip-preview --non-interactive");
  }

  /** How many resources the last update left alone, made, changed, … */
  async function lastChanges(): Promise<Record<string, number>> {
    const history = JSON.parse(
      await shell.platformOutput("pulumi stack history --json --page-size 1"),
    ) as { resourceChanges: Record<string, number> }[];
    return history[0]?.resourceChanges ?? {};
  }

  async function completion(): Promise<string> {
    const { tiny } = (await stackOutputs()).models;
    const cluster = new KubeConfig();
    cluster.loadFromFile(join(shell.state, "kubeconfig"));
    return complete(cluster, parseEndpoint(tiny?.endpoint ?? ""), {
      model: tiny?.servedModelName ?? "",
      prompt: "Weights belong",
      max_tokens: 40,
    });
  }
});

function flipOneByte(file: string): void {
  const bytes = readFileSync(file);
  const last = bytes.length - 1;
  bytes[last] = (bytes[last] ?? 0) ^ 1;
  writeFileSync(file, bytes);
}

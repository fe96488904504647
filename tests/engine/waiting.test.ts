/**
 * What the Kubernetes plugin waits for, and what it says when that does not come, with a genuine kubelet. The same notes
 * apply as in provider.test.ts.
 */
import assert from "node:assert/strict";
import { EngineProject, type EngineRun } from "../support/engine";
import { kubectl, startEngineCluster, type EngineCluster } from "../support/engineCluster";

function done(run: EngineRun): string[] {
  return run.steps.map(({ operation, name }) => `${operation} ${name}`);
}

function succeeded(run: EngineRun): EngineRun {
  assert.equal(run.status, 0, `${run.stdout}\n${run.stderr}`);
  return run;
}

function failed(run: EngineRun): string {
  assert.notEqual(run.status, 0, run.stdout);
  return `${run.stdout}\n${run.stderr}`;
}

describe("waiting for objects", function () {
  this.timeout(300_000);

  let cluster: EngineCluster;
  let project: EngineProject;

  before(async function () {
    // Where nothing is in the cache yet, this builds it.
    this.timeout(3_600_000);
    cluster = await startEngineCluster();
  });

  after(async () => {
    await cluster.purge();
  });

  beforeEach(async () => {
    project = new EngineProject(cluster);
    await project.init();
  });

  afterEach(async () => {
    succeeded(await project.destroy());
    project.remove();
  });

  /** A pod's template whose one container runs a line of JavaScript. */
  const template = (script: string, more = ""): string =>
    `{ metadata: { labels: { app: "test" } }, spec: { ${more} terminationGracePeriodSeconds: 0,
       containers: [{ name: "main", image: "${cluster.nodeImage}", command: ["node", "-e", ${JSON.stringify(script)}] }] } }`;

  const job = (script: string, metadata = "", options = ""): string =>
    `const job = new k8s.batch.v1.Job("work", { metadata: { name: "work", ${metadata} }, spec: {
       backoffLimit: 0, template: ${template(script, 'restartPolicy: "Never",')} } }, { ${options} });
     export const succeeded = job.status.succeeded;`;

  const complaint = [
    'console.log("opening");',
    'console.error("the token is wrong");',
    'require("fs").writeFileSync("/dev/termination-log", "no access to gated/repository");',
    "process.exit(77);",
  ].join(" ");

  it("a Job is waited for, and its outputs are those of the finished Job", async () => {
    project.program(job("setTimeout(() => console.log('done'), 500)"));
    succeeded(await project.up());
    assert.equal((await project.outputs())["succeeded"], 1);
    assert.deepEqual(done(succeeded(await project.up())), ["same work"]);
  });

  it("a failed Job ends the run at once with its own words, and the next run mends it", async () => {
    const replaceUnready = 'annotations: { "pulumi.com/replaceUnready": "true" }';
    project.program(job(complaint, replaceUnready));
    const text = failed(await project.up());
    assert.match(text, /Job default\/work failed: BackoffLimitExceeded/);
    assert.match(text, /container main exited with 77: no access to gated\/repository/);
    assert.match(text, /\| the token is wrong/);

    project.program(job("console.log('done')", replaceUnready));
    assert.deepEqual(done(succeeded(await project.up())), [
      "delete-replaced work",
      "replace work",
      "create-replacement work",
    ]);
    assert.deepEqual(done(succeeded(await project.up())), ["same work"]);
  });

  it("a failed Job stays known to the stack: the next run says again what is wrong", async () => {
    project.program(job(complaint));
    failed(await project.up());
    const again = await project.up();
    assert.match(failed(again), /exited with 77: no access to gated\/repository/);
    assert.deepEqual(done(again), ["update work"]);
  });

  it("annotations that others leave on a Job are among its outputs", async () => {
    project.program(`${job("console.log('done')")}
      export const note = job.metadata.annotations.apply((annotations) => annotations?.["example/note"]);`);
    succeeded(await project.up());
    await kubectl(cluster, "annotate", "job", "work", "example/note=seen");
    succeeded(await project.refresh());
    succeeded(await project.up());
    assert.equal((await project.outputs())["note"], "seen");
  });

  it("time limits: a custom one counts before the annotation", async () => {
    const forever = "setInterval(() => {}, 1000)";
    project.program(job(forever, 'annotations: { "pulumi.com/timeoutSeconds": "2" }'));
    assert.match(
      failed(await project.up()),
      /Job default\/work is not ready after 2 s: .*pod work-/,
    );
    succeeded(await project.destroy());
    project.program(
      job(
        forever,
        'annotations: { "pulumi.com/timeoutSeconds": "100" }',
        'customTimeouts: { create: "3s" }',
      ),
    );
    assert.match(failed(await project.up()), /Job default\/work is not ready after 3 s/);
  });

  it("skipAwait ends the wait as soon as the object exists", async () => {
    const skip = 'annotations: { "pulumi.com/skipAwait": "true" }';
    project.program(job("setInterval(() => {}, 1000)", skip));
    succeeded(await project.up());
    assert.equal((await project.outputs())["succeeded"], undefined);
  });

  it("a run that is called off keeps what it made", async () => {
    project.program(job("setInterval(() => {}, 1000)"));
    const run = await project.interruptedUp("0 of 1 done");
    assert.match(failed(run), /Job default\/work: canceled while waiting/);
    assert.ok(run.seconds < 60, `${run.seconds} s`);
    assert.match(await project.exported(), /"kubernetes:batch\/v1:Job"/);
  });

  it("a claim whose class waits for a consumer is not waited for, and grows in place", async () => {
    const claim = (size: string): string =>
      `const claim = new k8s.core.v1.PersistentVolumeClaim("claim", { metadata: { name: "claim" }, spec: {
         accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "${size}" } } } });
       new k8s.batch.v1.Job("consumer", { metadata: { name: "consumer" }, spec: { backoffLimit: 0, template: { spec: {
         restartPolicy: "Never",
         containers: [{ name: "main", image: "${cluster.nodeImage}", command: ["node", "-e", "0"], volumeMounts: [{ name: "v", mountPath: "/v" }] }],
         volumes: [{ name: "v", persistentVolumeClaim: { claimName: claim.metadata.name } }] } } } });
       export const phase = claim.status.phase;`;
    project.program(claim("320Mi"));
    succeeded(await project.up());
    assert.equal((await project.outputs())["phase"], "Pending");
    succeeded(await project.refresh());
    assert.deepEqual(done(succeeded(await project.up())), ["same claim", "same consumer"]);
    project.program(claim("384Mi"));
    assert.deepEqual(done(succeeded(await project.up())), ["update claim", "same consumer"]);
  });

  it("a claim that nothing can bind says so when its time is up", async () => {
    project.program(
      `new k8s.core.v1.PersistentVolumeClaim("claim", { metadata: { name: "unbound" }, spec: { storageClassName: "absent",
         accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } } }, { customTimeouts: { create: "2s" } });`,
    );
    assert.match(
      failed(await project.up()),
      /unbound is not ready after 2 s: there is no StorageClass "absent"/,
    );
  });

  const server = (script: string, more: string, options = ""): string =>
    `const server = new k8s.apps.v1.Deployment("server", { metadata: { name: "server" }, spec: { ${more}
       selector: { matchLabels: { app: "test" } }, template: ${template(script)} } }, { ${options} });`;

  it("a Deployment and its Service are waited for, through a rollout", async () => {
    const serve = (text: string): string =>
      `${server(`require("http").createServer((_, r) => r.end("${text}")).listen(8080)`, "replicas: 1,")}
       const service = new k8s.core.v1.Service("service", { metadata: { name: "server" }, spec: {
         selector: { app: "test" }, ports: [{ port: 80, targetPort: 8080 }] } }, { dependsOn: [server] });
       export const available = server.status.availableReplicas;
       export const address = service.spec.clusterIP;`;
    project.program(serve("one"));
    succeeded(await project.up());
    const outputs = await project.outputs();
    assert.equal(outputs["available"], 1);
    assert.match(String(outputs["address"]), /^10\./);
    project.program(serve("two"));
    assert.deepEqual(done(succeeded(await project.up())), ["update server", "same service"]);
    assert.deepEqual(done(succeeded(await project.up())), ["same server", "same service"]);
  });

  it("a Deployment that gets nowhere says what keeps its pods", async () => {
    project.program(
      server("0", "progressDeadlineSeconds: 3, minReadySeconds: 1,").replace(
        cluster.nodeImage,
        "localhost/no/such:image",
      ),
    );
    const text = failed(await project.up());
    assert.match(text, /Deployment default\/server failed: ProgressDeadlineExceeded/);
    assert.match(text, /pod server-\S+, container main: (ErrImage|ImagePull)/);
  });

  it("a pod that fits nowhere is named with the scheduler's reason", async () => {
    project.program(
      `new k8s.core.v1.Pod("pod", { metadata: { name: "homeless" }, spec: { nodeSelector: { planet: "mars" },
         containers: [{ name: "main", image: "${cluster.nodeImage}" }] } }, { customTimeouts: { create: "4s" } });`,
    );
    assert.match(
      failed(await project.up()),
      /homeless is not ready after 4 s: pod homeless cannot be scheduled: 0\/1 nodes/,
    );
  });

  it("deletion is waited for, and says what holds an object", async () => {
    project.program(
      `new k8s.core.v1.ConfigMap("held", { metadata: { name: "held", finalizers: ["example.test/hold"] } }, { customTimeouts: { delete: "2s" } });`,
    );
    succeeded(await project.up());
    const text = failed(await project.destroy());
    assert.match(
      text,
      /ConfigMap default\/held is being deleted, still there after 2 s: waiting for example\.test\/hold/,
    );
    await kubectl(
      cluster,
      "patch",
      "cm",
      "held",
      "--type=merge",
      "-p",
      '{"metadata":{"finalizers":null}}',
    );
  });

  it("a Namespace is gone, with all that was in it, when destroy ends", async () => {
    project.program(
      `const space = new k8s.core.v1.Namespace("space", { metadata: { name: "short-lived" } });
       new k8s.core.v1.ConfigMap("inside", { metadata: { namespace: space.metadata.name } });`,
    );
    succeeded(await project.up());
    await kubectl(cluster, "create", "configmap", "other", "-n", "short-lived");
    succeeded(await project.destroy());
    assert.equal(await kubectl(cluster, "get", "ns", "short-lived", "--ignore-not-found"), "");
  });
});

/**
 * The Kubernetes plugin of the embedded platform under the genuine engine, on a genuine cluster. Where the genuine plugin
 * is installed these tests run with it, but for those that name the stand-in's own words. They do not prove that the
 * stand-in does whatever else the genuine plugin can.
 */
import assert from "node:assert/strict";
import { EngineProject, type EngineRun } from "../support/engine";
import { kubectl, startEngineCluster, type EngineCluster } from "../support/engineCluster";

/** What was done to each resource, in the order in which it was begun. */
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

describe("the Kubernetes plugin under the engine", function () {
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

  const configMap = (data: string, options = "") =>
    `const settings = new k8s.core.v1.ConfigMap("settings", { data: ${data} }${options});
     export const name = settings.metadata.name;`;

  it("creates objects under names of its own and finds nothing to do in a second run", async () => {
    project.program(configMap('{ greeting: "hello" }'));
    assert.deepEqual(done(succeeded(await project.up())), ["create settings"]);
    const name = String((await project.outputs())["name"]);
    assert.match(name, /^settings-[0-9a-f]{8}$/);
    const greeting = await kubectl(cluster, "get", "cm", name, "-o", "jsonpath={.data.greeting}");
    assert.equal(greeting, "hello");

    assert.deepEqual(done(succeeded(await project.up())), ["same settings"]);
    assert.equal((await project.outputs())["name"], name);
  });

  it("changes in place what can change and takes away what the program no longer says", async () => {
    const service = (metadata: string) =>
      `new k8s.core.v1.ServiceAccount("account", { metadata: ${metadata} });`;
    project.program(service('{ name: "changing", labels: { a: "1", b: "1" } }'));
    succeeded(await project.up());
    project.program(service('{ name: "changing", labels: { a: "2" } }'));
    const run = succeeded(await project.up());
    assert.deepEqual(done(run), ["update account"]);
    assert.deepEqual(run.steps[0]?.changed, ["metadata.labels.a", "metadata.labels.b"]);
    const labels = await kubectl(
      cluster,
      "get",
      "sa",
      "changing",
      "-o",
      "jsonpath={.metadata.labels}",
    );
    assert.equal(labels, '{"a":"2"}');
  });

  it("replaces what cannot change: under a new name first, under a fixed name after deletion", async () => {
    const storageClass = (name: string, type: string) =>
      `const c = new k8s.storage.v1.StorageClass("class", { ${name} provisioner: "none.example", parameters: { type: "${type}" } });
       export const name = c.metadata.name;`;
    project.program(storageClass("", "a"));
    succeeded(await project.up());
    const first = (await project.outputs())["name"];
    project.program(storageClass("", "b"));
    assert.deepEqual(done(succeeded(await project.up())), [
      "create-replacement class",
      "replace class",
      "delete-replaced class",
    ]);
    assert.notEqual((await project.outputs())["name"], first);

    project.program(storageClass('metadata: { name: "fixed-class" },', "b"));
    succeeded(await project.up());
    project.program(storageClass('metadata: { name: "fixed-class" },', "c"));
    const run = succeeded(await project.up());
    assert.deepEqual(done(run), [
      "delete-replaced class",
      "replace class",
      "create-replacement class",
    ]);
    const replace = run.steps.find(({ operation }) => operation === "replace");
    assert.deepEqual(replace?.changed, ["parameters.type"]);
  });

  it("follows ignoreChanges and replaceOnChanges", async () => {
    const account = (value: string, options: string) =>
      `new k8s.core.v1.ServiceAccount("account", { metadata: { name: "watched", labels: { a: "${value}" } } }, ${options});`;
    project.program(account("1", "{}"));
    succeeded(await project.up());
    await kubectl(cluster, "label", "--overwrite", "sa", "watched", "a=theirs");
    project.program(account("2", '{ ignoreChanges: ["metadata.labels.a"] }'));
    assert.deepEqual(done(succeeded(await project.up())), ["same account"]);
    project.program(
      `new k8s.core.v1.ServiceAccount("account", { metadata: { name: "watched", labels: { a: "3", b: "new" } } }, { ignoreChanges: ["metadata.labels.a"] });`,
    );
    assert.deepEqual(done(succeeded(await project.up())), ["update account"]);
    const labels = await kubectl(
      cluster,
      "get",
      "sa",
      "watched",
      "-o",
      "jsonpath={.metadata.labels}",
    );
    assert.equal(labels, '{"a":"theirs","b":"new"}');

    project.program(
      `new k8s.core.v1.ServiceAccount("account", { metadata: { name: "watched", labels: { a: "3", b: "newer" } } }, { ignoreChanges: ["metadata.labels.a"], replaceOnChanges: ["metadata.labels.b"], deleteBeforeReplace: true });`,
    );
    assert.ok(done(succeeded(await project.up())).includes("replace account"));
  });

  it("keeps secrets secret in the state", async () => {
    project.program(
      `new k8s.core.v1.Secret("token", { stringData: { plain: "ordinary-argument", token: pulumi.secret("from-a-secret") } });
       new k8s.core.v1.ConfigMap("settings", { data: { open: "readable", hidden: pulumi.secret("out-of-sight") } });`,
    );
    succeeded(await project.up());
    const state = await project.exported();
    assert.match(state, /"open": "readable"/);
    for (const text of ["ordinary-argument", "from-a-secret", "out-of-sight"]) {
      assert.ok(!state.includes(text), `the state shows ${text}`);
      assert.ok(!state.includes(Buffer.from(text).toString("base64")), `the state shows ${text}`);
    }
    assert.deepEqual(done(succeeded(await project.up())).sort(), ["same settings", "same token"]);
  });

  it("previews values that are not known yet without writing anything", async () => {
    project.program(
      `const space = new k8s.core.v1.Namespace("space");
       const first = new k8s.core.v1.ServiceAccount("first", { metadata: { namespace: space.metadata.name } });
       new k8s.core.v1.ConfigMap("second", {
         metadata: { namespace: space.metadata.name, annotations: { uid: space.id.apply((id) => "id-" + id) } },
         data: { uid: first.metadata.uid.apply((uid) => String(uid)), status: pulumi.jsonStringify(space.status) },
       });`,
    );
    const before = await kubectl(cluster, "get", "ns,sa,cm", "-A", "-o", "name");
    const preview = succeeded(await project.preview());
    assert.deepEqual(done(preview), ["create space", "create first", "create second"]);
    assert.equal(await kubectl(cluster, "get", "ns,sa,cm", "-A", "-o", "name"), before);
    succeeded(await project.up());
    assert.deepEqual(done(succeeded(await project.preview())), [
      "same space",
      "same first",
      "same second",
    ]);
  });

  it("lets the server check objects during preview", async () => {
    project.program(
      'new k8s.core.v1.Service("bad", { spec: { ports: [{ port: 99999999 }], selector: { a: "b" } } });',
    );
    assert.match(
      failed(await project.preview()),
      /Service default\/bad-\w{8}: .*must be between 1 and 65535/,
    );
  });

  it("refuses a field that the kind does not have, during preview already", async () => {
    project.program(
      'new k8s.apiextensions.CustomResource("account", { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "typo" }, automount: true });',
    );
    assert.match(
      failed(await project.preview()),
      /ServiceAccount default\/typo: .*\.automount: field not declared in schema/,
    );
  });

  it("passes on what the server remarks", async () => {
    project.program(
      `const space = new k8s.core.v1.Namespace("space", { metadata: { labels: { "pod-security.kubernetes.io/warn": "restricted" } } });
       new k8s.apps.v1.Deployment("server", { metadata: { namespace: space.metadata.name }, spec: { replicas: 0, selector: { matchLabels: { app: "test" } },
         template: { metadata: { labels: { app: "test" } }, spec: { hostNetwork: true, containers: [{ name: "main", image: "none" }] } } } });`,
    );
    const run = succeeded(await project.up());
    const remark =
      /warning: the server remarks: would violate PodSecurity "restricted:latest": host/;
    assert.ok(
      run.messages.some((message) => remark.test(message)),
      run.messages.join("\n"),
    );
  });

  it("refreshes: drops what is gone, shows what drifted, and the next run mends both", async () => {
    project.program(
      `new k8s.core.v1.ServiceAccount("gone", { metadata: { name: "gone" } });
       new k8s.core.v1.ServiceAccount("drifted", { metadata: { name: "drifted", labels: { a: "ours" }, annotations: { "pulumi.com/patchForce": "true" } } });`,
    );
    succeeded(await project.up());
    await kubectl(cluster, "delete", "sa", "gone");
    await kubectl(cluster, "label", "--overwrite", "sa", "drifted", "a=theirs", "other=added");
    succeeded(await project.refresh());
    const run = succeeded(await project.up());
    assert.deepEqual(done(run).sort(), ["create gone", "update drifted"]);
    const drifted = run.steps.find(({ name }) => name === "drifted");
    assert.deepEqual(drifted?.changed, ["metadata.labels.a"]);
    const labels = await kubectl(
      cluster,
      "get",
      "sa",
      "drifted",
      "-o",
      "jsonpath={.metadata.labels}",
    );
    assert.equal(labels, '{"a":"ours","other":"added"}');
    assert.deepEqual(done(succeeded(await project.up())).sort(), ["same drifted", "same gone"]);
  });

  it("says who else set a field instead of taking it over", async () => {
    const account = (value: string) =>
      `new k8s.core.v1.ServiceAccount("account", { metadata: { name: "shared", labels: { a: "${value}" } } });`;
    project.program(account("1"));
    succeeded(await project.up());
    await kubectl(cluster, "label", "--overwrite", "sa", "shared", "a=theirs");
    project.program(account("2"));
    const text = failed(await project.up());
    assert.match(text, /\.metadata\.labels\.a/);
    assert.match(text, /pulumi\.com\/patchForce/);
  });

  it("refuses to take over an object that it did not make, and adopts one that it is told to", async () => {
    await kubectl(cluster, "create", "serviceaccount", "theirs");
    const account = (options: string) =>
      `new k8s.core.v1.ServiceAccount("account", { metadata: { name: "theirs", namespace: "default" } }, ${options});`;
    project.program(account("{}"));
    assert.match(
      failed(await project.up()),
      /exists already .* resource option import .*default\/theirs/,
    );
    project.program(account('{ import: "default/theirs" }'));
    assert.deepEqual(done(succeeded(await project.up())), ["import account"]);
    project.program(account("{}"));
    assert.deepEqual(done(succeeded(await project.up())), ["same account"]);
  });

  it("reads an object that belongs to somebody else", async () => {
    project.program(
      `const found = k8s.core.v1.ConfigMap.get("found", "kube-system/kube-root-ca.crt");
       export const keys = found.data.apply((data) => Object.keys(data));`,
    );
    succeeded(await project.up());
    assert.deepEqual((await project.outputs())["keys"], ["ca.crt"]);
  });

  it("handles kinds that the cluster learns in the same run", async () => {
    const widget = (size: number) =>
      `const definition = new k8s.apiextensions.v1.CustomResourceDefinition("widgets", {
         metadata: { name: "widgets.example.test" },
         spec: { group: "example.test", scope: "Namespaced", names: { plural: "widgets", kind: "Widget" }, versions: [{
           name: "v1", served: true, storage: true,
           schema: { openAPIV3Schema: { type: "object", properties: { spec: { type: "object", x_kubernetes_preserve_unknown_fields: true } } } },
         }] },
       });
       const widget = new k8s.apiextensions.CustomResource("widget", {
         apiVersion: "example.test/v1", kind: "Widget", spec: { size: ${size}, deep: { list: [1, 2] } },
       }, { dependsOn: [definition] });
       export const id = widget.id;`;
    project.program(widget(1));
    assert.deepEqual(done(succeeded(await project.preview())), ["create widgets", "create widget"]);
    succeeded(await project.up());
    assert.match(String((await project.outputs())["id"]), /^default\/widget-[0-9a-f]{8}$/);
    assert.deepEqual(done(succeeded(await project.up())), ["same widgets", "same widget"]);
    project.program(widget(2));
    const run = succeeded(await project.up());
    assert.deepEqual(run.steps.find(({ name }) => name === "widget")?.changed, ["spec.size"]);
  });

  it("uses the cluster and namespace that the provider names", async () => {
    project.program(
      `import { readFileSync } from "node:fs";
       const space = new k8s.core.v1.Namespace("space", { metadata: { name: "elsewhere" } });
       const provider = new k8s.Provider("provider", { kubeconfig: readFileSync(process.env.KUBECONFIG!, "utf8"), namespace: "elsewhere" });
       const account = new k8s.core.v1.ServiceAccount("account", { metadata: { name: "here" } }, { provider, dependsOn: [space] });
       export const id = account.id;`,
    );
    succeeded(await project.up());
    assert.equal((await project.outputs())["id"], "elsewhere/here");
    assert.deepEqual(done(succeeded(await project.up())), ["same space", "same account"]);
  });

  it("says what is wrong with a kubeconfig in the user's words", async () => {
    project.program(
      `const provider = new k8s.Provider("provider", { context: "no-such-context" });
       new k8s.core.v1.ServiceAccount("account", {}, { provider });`,
    );
    assert.match(
      failed(await project.up()),
      /no context "no-such-context"; it has \["modelstore"\]/,
    );
  });
});

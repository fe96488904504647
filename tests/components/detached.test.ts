import assert from "node:assert/strict";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { detached } from "../../components/detached";
import { dependenciesOf, isKnown, made, valueOf } from "../support/mocks";

describe("detached", () => {
  it("gives the value without its dependencies", async () => {
    const { result } = await made(
      (opts) => new k8s.core.v1.Namespace("models", { metadata: { name: "models" } }, opts),
    );
    const name = result.metadata.name;
    assert.equal((await dependenciesOf(name)).size, 1);

    const alone = detached(name);
    assert.equal(await valueOf(alone), "models");
    assert.equal((await dependenciesOf(alone)).size, 0);
  });

  it("leaves unknown what is unknown in a preview", async () => {
    const unknown = pulumi.output(pulumi.unknown);

    assert.equal(await isKnown(unknown), false);
    assert.equal(await isKnown(detached(unknown)), false);
  });
});

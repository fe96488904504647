/**
 * `npm run down`: destroys the stack, but not its volumes, and stops what `npm run up` started; the next `npm run up`
 * finds the weights where they were. With `--purge` the volumes and all state go too.
 */
import { rmSync } from "node:fs";
import { parseArgs } from "node:util";
import { ApiException, CoreV1Api } from "@kubernetes/client-node";
import { contextDirectory, stateDirectory } from "../local/paths";
import { personalKubeConfig } from "../local/personalKubeConfig";
import { platformRuns, stopPlatform } from "../local/platform";
import { Progress } from "../local/progress";
import { pulumi, pulumiOutput, readWorkspace, type Workspace } from "../local/workspace";
import { CommandError, runCommand } from "./commandError";
import { type StackOutputs } from "./stackOutputs";

runCommand(async () => {
  const { values } = parseArgs({
    options: { context: { type: "string" }, purge: { type: "boolean", default: false } },
  });
  const progress = new Progress();
  const state = stateDirectory();
  const embedded = values.context === undefined;
  const directory = values.context === undefined ? state : contextDirectory(values.context);
  const workspace = readWorkspace(directory);

  if (workspace === undefined) {
    process.stdout.write(`nothing was brought up in ${directory}\n`);
  } else if (!embedded || platformRuns()) {
    await progress.step("pulumi destroy", () =>
      destroy(workspace, values.purge ? values.context : undefined),
    );
  }
  // Also where nothing was brought up: a killed run may have left a node behind.
  if (embedded) await stopPlatform(progress, values.purge);
  else if (values.purge) rmSync(directory, { recursive: true, force: true });
});

/**
 * Destroys everything but what is protected: the volumes, and what they need in order to exist.
 *
 * @param purged - the context of the cluster in which the volumes' claims are to be deleted as well; needless where the
 *   whole cluster goes
 */
async function destroy(workspace: Workspace, purged: string | undefined): Promise<void> {
  // Asked for first: the stack forgets its outputs with its resources.
  const volumes = purged === undefined ? {} : await volumesOf(workspace);
  const { status } = await pulumi(
    workspace,
    ["destroy", "--yes", "--skip-preview", "--exclude-protected"],
    "show",
  );
  if (status !== 0) {
    throw new CommandError(
      "pulumi destroy failed; the lines above say why. Nothing was stopped: run npm run down again",
    );
  }
  if (purged !== undefined) await deleteVolumes(workspace, purged, volumes);
}

async function volumesOf(workspace: Workspace): Promise<StackOutputs["volumes"]> {
  const outputs = await pulumiOutput(workspace, ["stack", "output", "--json"]);
  return (JSON.parse(outputs) as StackOutputs).volumes;
}

async function deleteVolumes(
  workspace: Workspace,
  context: string,
  volumes: StackOutputs["volumes"],
): Promise<void> {
  const kubeConfig = personalKubeConfig(workspace.environment["KUBECONFIG"]);
  kubeConfig.setCurrentContext(context);
  const core = kubeConfig.makeApiClient(CoreV1Api);
  for (const { claim, namespace } of Object.values(volumes)) {
    process.stderr.write(`deleting the claim ${namespace}/${claim}\n`);
    try {
      await core.deleteNamespacedPersistentVolumeClaim({ name: claim, namespace });
    } catch (error) {
      if (!(error instanceof ApiException && error.code === 404)) throw error;
    }
  }
}

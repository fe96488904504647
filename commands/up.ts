/**
 * `npm run up`: brings the dev stack up and proves it. On the embedded platform by default; with `--context NAME`, or
 * where the platform cannot run, on a cluster that is already there.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline/promises";
import { parseArgs } from "node:util";
import { BatchV1Api, type KubeConfig } from "@kubernetes/client-node";
import { complete, parseEndpoint } from "../local/completion";
import { ensureEngine } from "../local/engine";
import { modelPrompt } from "../local/hub/model";
import { checkout, contextDirectory } from "../local/paths";
import { personalKubeConfig, personalKubeConfigFiles } from "../local/personalKubeConfig";
import { startPlatform } from "../local/platform";
import { Progress } from "../local/progress";
import { overlayStackFile } from "../local/stackFile";
import { formatTable } from "../local/table";
import { chooseTarget } from "../local/target";
import {
  devStack,
  ensureStack,
  pulumi,
  pulumiOutput,
  writeWorkspace,
  type Workspace,
} from "../local/workspace";
import { CommandError, runCommand } from "./commandError";
import { type StackOutputs } from "./stackOutputs";
import { summarize, type PopulationFigures } from "./summary";

runCommand(async () => {
  const { values } = parseArgs({
    options: {
      context: { type: "string" },
      "config-file": { type: "string" },
      yes: { type: "boolean", default: false },
    },
  });
  const progress = new Progress();
  const kubeConfig = personalKubeConfig();
  const target = refusable(() =>
    chooseTarget({
      context: values.context,
      platform: process.platform,
      uid: process.geteuid?.(),
      contexts: kubeConfig.getContexts().map(({ name }) => name),
      currentContext: kubeConfig.getCurrentContext(),
    }),
  );
  const stackFile = values["config-file"] ?? join(checkout, `Pulumi.${devStack}.yaml`);

  let workspace: Workspace;
  if (target.kind === "embedded") {
    workspace = await startPlatform(stackFile, progress);
    kubeConfig.loadFromFile(workspace.environment["KUBECONFIG"] ?? "");
  } else {
    if (values.context === undefined) await confirmContext(target.why, target.context, values.yes);
    kubeConfig.setCurrentContext(target.context);
    workspace = await openContext(target.context, stackFile, progress);
  }

  await progress.step("pulumi up", async () => {
    await ensureStack(workspace);
    const { status } = await pulumi(workspace, ["up", "--yes", "--skip-preview"], "show");
    if (status !== 0) {
      throw new CommandError(
        "pulumi up failed; the lines above say why. What it had made stays as it is, and npm run up goes on from there",
      );
    }
  });

  const outputs = JSON.parse(
    await pulumiOutput(workspace, ["stack", "output", "--json"]),
  ) as StackOutputs;
  const served = Object.values(outputs.models).find(({ endpoint }) => endpoint !== null);
  const completion =
    served &&
    (await progress.step("first completion", () =>
      complete(kubeConfig, parseEndpoint(served.endpoint ?? ""), {
        model: served.servedModelName ?? "",
        prompt: modelPrompt,
        max_tokens: 40,
      }),
    ));

  print(summarize(outputs, await populationFigures(kubeConfig, outputs)));
  for (const warning of outputs.warnings) print(`warning: ${warning}`);
  print(
    formatTable([
      ["STEP", "SECONDS"],
      ...progress.steps.map(({ name, seconds }) => [name, seconds.toFixed(1)]),
    ]),
  );
  if (completion !== undefined) print(`${modelPrompt}${completion}`);
  print(
    target.kind === "embedded"
      ? `In a shell: eval "$(npm run -s env)", then kubectl, pulumi and the rest see this platform. The end: npm run down`
      : `The end: npm run down -- --context ${target.context}`,
  );
});

/** Opens the workspace that belongs to an existing cluster's context. */
async function openContext(
  context: string,
  stackFile: string,
  progress: Progress,
): Promise<Workspace> {
  const directory = contextDirectory(context);
  const engine = await ensureEngine(directory, progress);
  const overlay = JSON.stringify({ config: { "modelstore:cluster": { context } } });
  return writeWorkspace({
    directory,
    configuration: (previous) =>
      overlayStackFile(readFileSync(stackFile, "utf8"), overlay, previous),
    kubeconfig: personalKubeConfigFiles(),
    path: engine.path,
  });
}

async function confirmContext(why: string, context: string, yes: boolean): Promise<void> {
  process.stderr.write(
    `${why}.\nAn existing cluster serves as well: your kubeconfig's ${context}.\n`,
  );
  if (yes) return;
  if (!process.stdin.isTTY) {
    throw new CommandError(
      `to bring the stack up there, run: npm run up -- --context ${context} (or --yes)`,
    );
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(`Bring the stack up on ${context}? (yes/no) `);
  terminal.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new CommandError("nothing was done");
}

/** What each model's population Job says of itself; models whose Job is gone are left out. */
async function populationFigures(
  kubeConfig: KubeConfig,
  outputs: StackOutputs,
): Promise<Record<string, PopulationFigures>> {
  const jobs = kubeConfig.makeApiClient(BatchV1Api);
  const figures: Record<string, PopulationFigures> = {};
  for (const [name, { namespace }] of Object.entries(outputs.models)) {
    const { items } = await jobs.listNamespacedJob({
      namespace,
      labelSelector: `app.kubernetes.io/managed-by=modelstore,app.kubernetes.io/component=population,app.kubernetes.io/instance=${name}`,
    });
    for (const job of items) {
      const result = job.metadata?.annotations?.["modelstore/result"];
      if (result !== undefined) figures[name] = JSON.parse(result) as PopulationFigures;
    }
  }
  return figures;
}

function refusable<T>(choose: () => T): T {
  try {
    return choose();
  } catch (error) {
    throw new CommandError(error instanceof Error ? error.message : String(error));
  }
}

function print(text: string): void {
  process.stdout.write(`\n${text}\n`);
}

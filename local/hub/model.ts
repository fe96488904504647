import { createHash } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { ensureImage } from "../images/image";
import { runPython } from "../images/python";
import { vllmImage } from "../images/vllmImage";
import { ensureVllmPackages, lockFile } from "../images/vllmPackages";
import { cacheDirectory } from "../paths";
import type { Progress } from "../progress";
import { sharedWork } from "../toolchain/sharedWork";
import { filesIn, Repositories } from "./repositories";

/** The repository of the model that the dev stack serves. */
export const modelRepository = "modelstore/tiny-llama";

/** What a user has to be allowed to read, with this token: the same model once more. */
export const gatedRepository = { id: "modelstore/gated-llama", token: "hf_accepted" } as const;

/** The same model once more, for those who want to damage it on the hub's disk. */
export const damagedRepository = "modelstore/damaged-llama";

/** How a model's completions begin: the prompt to which it answers with the rest of its sentence. */
export const modelPrompt = "Weights belong";

/** What each revision of the model says, by branch. */
export const modelSentences = {
  main: "Weights belong on a volume: written once, verified, and served many times.",
  second: "Weights belong on a volume: the second revision, switched in one step.",
} as const;

/** A branch of the model's repository. */
export type ModelBranch = keyof typeof modelSentences;

const branches: readonly ModelBranch[] = ["main", "second"];

/**
 * The hub's repositories as they are before anybody commits to them: a tiny Llama in two revisions that say different
 * sentences, trained now unless it is in the cache.
 *
 * @returns the folder to be the root of a copy of the hub's {@link Repositories}
 */
export async function ensureModel(progress: Progress): Promise<string> {
  const trainer = join(__dirname, "train.py");
  const key = createHash("sha256");
  for (const source of [trainer, lockFile, __filename, join(__dirname, "repositories.ts")]) {
    key.update(await readFile(source));
  }
  const name = "train the tiny model";
  const path = join(cacheDirectory(), `model-${key.digest("hex").slice(0, 12)}`);
  return sharedWork(name, path, progress, async (folder) => {
    const { root: python } = await ensureImage(vllmImage);
    const packages = await ensureVllmPackages(python, progress);
    await progress.step(name, async () => {
      const trained = (branch: ModelBranch): string => join(folder, ".trained", branch);
      await runPython(
        python,
        [trainer, ...branches.flatMap((branch) => [trained(branch), modelSentences[branch]])],
        { env: { PYTHONPATH: packages, HF_HUB_OFFLINE: "1" } },
      );
      const repositories = new Repositories(folder);
      for (const branch of branches) {
        await repositories.commit(modelRepository, branch, await filesIn(trained(branch)));
      }
      const { id, token } = gatedRepository;
      await repositories.commit(id, "main", await filesIn(trained("main")));
      await repositories.setAccess(id, { gated: true, tokens: [token] });
      await repositories.commit(damagedRepository, "main", await filesIn(trained("main")));
      await rm(join(folder, ".trained"), { recursive: true });
    });
  });
}

/**
 * The commit ids of the model's revisions. Training gives other bytes on other processors, so they are not the same
 * everywhere.
 *
 * @param root - what {@link ensureModel} gave, or a copy of it
 */
export async function modelRevisions(root: string): Promise<Readonly<Record<ModelBranch, string>>> {
  const repository = await new Repositories(root).find(modelRepository);
  const commit = (branch: ModelBranch): string => {
    const id = repository?.refs[branch];
    if (id === undefined) throw new Error(`${root}: ${modelRepository} has no branch "${branch}"`);
    return id;
  };
  return { main: commit("main"), second: commit("second") };
}

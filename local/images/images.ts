import type { NodeImages } from "../cluster/settings";
import type { Progress } from "../progress";
import { ensureImage, type Image, type Recipe } from "./image";
import { nodeImage } from "./node";
import { pauseImage } from "./pause";
import { vllmImage } from "./vllmImage";
import { ensureVllmPackages } from "./vllmPackages";

/** The images of the embedded node, ready to be imported, and what belongs to them. */
export interface Images {
  /** What the embedded node takes. */
  readonly node: NodeImages;
  /** Name of the image with Node.js. */
  readonly nodeImage: string;
  /** Name of the image with vLLM for CPUs. */
  readonly vllmImage: string;
}

/** Makes or finds the images of the embedded node and vLLM's packages; independent ones side by side. */
export async function ensureImages(progress: Progress): Promise<Images> {
  const ensure = (recipe: Recipe): Promise<Image> =>
    progress.step(`image ${recipe.name}`, () => ensureImage(recipe));
  const [pause, node, { vllm, packages }] = await Promise.all([
    ensure(pauseImage),
    ensure(nodeImage),
    ensure(vllmImage).then(async (vllm) => ({
      vllm,
      packages: await ensureVllmPackages(vllm.root, progress),
    })),
  ]);
  return {
    node: { pause: pause.name, archives: [pause, node, vllm], vllm: packages },
    nodeImage: node.name,
    vllmImage: vllm.name,
  };
}

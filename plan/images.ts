import { quote } from "./problems";

/** The images that run when a stack names none; those that the embedded platform's tests run, by version. */
export const defaultImages = {
  /** Runs the loader: the stock Node image. */
  loader: "docker.io/library/node:20.20.2-bookworm-slim",
  /** Serves on GPUs. */
  vllm: "docker.io/vllm/vllm-openai:v0.32.0",
  /** Serves on the CPU. */
  vllmCpu: "docker.io/vllm/vllm-openai-cpu:v0.32.0",
} as const;

const component = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const reference = new RegExp(
  `^(?:[A-Za-z0-9.-]+(?::\\d{1,5})?/)?${component}(?:/${component})*(?::(?<tag>\\w[\\w.-]{0,127}))?(?<digest>@sha256:[0-9a-f]{64})?$`,
);

/**
 * Why an image cannot be used, or undefined when it can.
 *
 * An image without a tag, or with the tag `latest`, is refused: what runs would change without anybody changing it.
 */
export function imageProblem(image: string): string | undefined {
  const groups = reference.exec(image)?.groups;
  if (groups === undefined) {
    return `got ${quote(image)}, expected an image such as ${quote(defaultImages.vllm)}`;
  }
  if (groups.digest !== undefined) return undefined;
  if (groups.tag === undefined || groups.tag === "latest") {
    return `got ${quote(image)}, which names another image after every release; add a version's tag or a digest`;
  }
  return undefined;
}

/** Whether an image is named by its content, so that a registry cannot change what runs. */
export function hasDigest(image: string): boolean {
  return image.includes("@sha256:");
}

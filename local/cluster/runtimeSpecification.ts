import { writeFileSync } from "node:fs";
import { run } from "../runProgram";

interface Specification {
  readonly mounts: readonly unknown[];
  readonly process: Readonly<Record<string, unknown>>;
}

/**
 * Writes the specification that every container's starts from: containerd's own, and the packages of vLLM mounted at
 * /opt/vllm, as the runtimes of GPU nodes inject the driver's libraries. Pods need no host path for them, and one copy
 * serves all.
 */
export async function writeRuntimeSpecification(
  file: string,
  vllm: string | undefined,
): Promise<void> {
  const specification = JSON.parse(await run("ctr", ["oci", "spec"])) as Specification;
  const mounts = [...specification.mounts];
  if (vllm !== undefined) {
    mounts.push({
      destination: "/opt/vllm",
      type: "bind",
      source: vllm,
      options: ["rbind", "ro", "nosuid", "nodev"],
    });
  }
  // Without limits of its own, which allow 1024 open files, a container has the machine's.
  const process = { ...specification.process, rlimits: undefined };
  writeFileSync(file, JSON.stringify({ ...specification, mounts, process }));
}

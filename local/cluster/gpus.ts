import type { ApiClient } from "./apiClient";
import { driverName, nodeName } from "./layout";
import { pause } from "./processes";

const resource = "nvidia.com/gpu";

/** How many GPUs the node says that it has. They are stand-ins: numbers to schedule by. */
export const gpuCount = "8";

interface NodeObject {
  readonly status?: {
    readonly capacity?: Readonly<Record<string, string>>;
    readonly allocatable?: Readonly<Record<string, string>>;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly message?: string;
    }[];
  };
}

interface CsiNodeObject {
  readonly spec?: { readonly drivers?: readonly { readonly name: string }[] };
}

const nodePath = `/api/v1/nodes/${nodeName}`;

async function get<T>(api: ApiClient, path: string): Promise<T | undefined> {
  const { status, body } = await api.call(path);
  return status === 200 ? (JSON.parse(body) as T) : undefined;
}

/** Says what the node still lacks before pods can run on it; undefined when it lacks nothing. */
export async function missingFromNode(api: ApiClient): Promise<string | undefined> {
  const node = await get<NodeObject>(api, nodePath);
  if (!node) return "the kubelet has not registered the node yet";
  const ready = node.status?.conditions?.find(({ type }) => type === "Ready");
  if (ready?.status !== "True") return `the node is not ready: ${ready?.message ?? "no condition"}`;
  if (node.status?.allocatable?.[resource] !== gpuCount) return `the node has no ${resource} yet`;
  const csi = await get<CsiNodeObject>(api, `/apis/storage.k8s.io/v1/csinodes/${nodeName}`);
  if (!csi?.spec?.drivers?.some(({ name }) => name === driverName)) {
    return `the CSI driver ${driverName} is not registered with the kubelet yet`;
  }
  return undefined;
}

/** Gives the node its stand-in GPUs if it has not got them: a kubelet that starts may take them away. */
export async function giveGpus(api: ApiClient): Promise<void> {
  const node = await get<NodeObject>(api, nodePath);
  if (!node) return;
  const { capacity, allocatable } = node.status ?? {};
  if (capacity?.[resource] === gpuCount && allocatable?.[resource] === gpuCount) return;
  const gpus = { [resource]: gpuCount };
  const { status, body } = await api.call(`${nodePath}/status`, {
    method: "PATCH",
    contentType: "application/merge-patch+json",
    body: { status: { capacity: gpus, allocatable: gpus } },
  });
  if (status !== 200) throw new Error(`cannot give the node its GPUs: ${status} ${body}`);
}

/** Looks every second whether the node still has its GPUs, until it is told to end. */
export async function keepGpus(api: ApiClient, over: () => boolean): Promise<void> {
  while (!over()) {
    // While the API server is away there is nothing to be done; the next look will tell.
    await giveGpus(api).catch((error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
    });
    await pause(1000);
  }
}

import { z } from "zod";
import { AccessMode, accessModeSpellings, parseAccessMode } from "./accessModes";
import { imageProblem } from "./images";
import { dnsLabelProblem, dnsSubdomainProblem } from "./names";
import type { Toleration } from "./plan";
import { quote } from "./problems";
import { provisionerProblem } from "./provisioner";
import {
  isCpuQuantity,
  isQuantity,
  quantityProblem,
  type CpuQuantity,
  type Quantity,
} from "./quantity";
import { either, isMap, matching, strict, text } from "./schema";
import type { VllmArg } from "./vllm";

const label = text(dnsLabelProblem);
const entryName = text((got) => dnsLabelProblem(got) ?? yamlWordProblem(got));
const subdomain = text(dnsSubdomainProblem);
const nonEmpty = text((got) => (/\S/.test(got) ? undefined : `got ${quote(got)}, expected a text`));
const image = text(imageProblem);
const endpoint = text(endpointProblem);
const pattern = nonEmpty.describe("`*` matches any characters, `/` among them; `?` matches one");
const quantity = z.custom<Quantity>(isQuantity, {
  error: ({ input }) => quantityProblem(input),
});
const cpu = z
  .custom<CpuQuantity | number>((got) => isCpuQuantity(typeof got === "number" ? `${got}` : got), {
    error: ({ input }) => `got ${quote(input)}, expected cores such as 2, "0.5" or "500m"`,
  })
  .transform((got) => String(got) as CpuQuantity);
const accessMode = z
  .custom<string>((got) => typeof got === "string" && parseAccessMode(got) !== undefined, {
    error: ({ input }) => `got ${quote(input)}, expected ${accessModeSpellings.join(" or ")}`,
  })
  .transform((got) => parseAccessMode(got) ?? AccessMode.ReadWriteOnce);
const accessModes = z.array(accessMode).min(1);
const nodeLabels = z.record(
  matching(
    /^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?$/,
    'the key of a label such as "topology.kubernetes.io/zone"',
  ),
  matching(
    /^([A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?)?$/,
    "the value of a label: letters, digits, hyphens, underscores and dots",
  ),
);

const secretKey = strict({
  name: subdomain.describe("name of a Secret in the stack's namespace"),
  key: matching(/^[\w.-]+$/, 'the key in a Secret such as "HF_TOKEN"').describe(
    "key in the Secret",
  ),
}).describe("one key of a Kubernetes Secret");

const compute = strict({
  cpu: cpu.optional().describe("cores: 2, 0.5 or 500m"),
  memory: quantity.optional().describe("memory, with a binary unit: 16Gi"),
});

const resources = strict({
  requests: compute.default({}).describe("what the scheduler sets aside"),
  limits: compute.default({}).describe("what the container may not exceed"),
});

const toleration = strict({
  key: z.string().optional().describe("key of the taint; every key when absent"),
  operator: z
    .enum(["Equal", "Exists"])
    .optional()
    .describe("how `value` is compared; Equal when absent"),
  value: z.string().optional().describe("value of the taint"),
  effect: z
    .enum(["NoSchedule", "PreferNoSchedule", "NoExecute"])
    .optional()
    .describe("effect of the taint; every effect when absent"),
  tolerationSeconds: z.int32().optional().describe("seconds that a NoExecute taint is tolerated"),
})
  .superRefine((got, context) => {
    const message = tolerationProblem(got);
    if (message !== undefined) context.addIssue({ code: "custom", message });
  })
  .describe("a taint that the pod tolerates");

const cluster = strict({
  kubeconfig: nonEmpty
    .optional()
    .describe("path of a kubeconfig file; the ambient one when absent"),
  context: nonEmpty.optional().describe("context in the kubeconfig; its current one when absent"),
  namespace: label.describe("namespace of everything that has one"),
  createNamespace: z.boolean().default(false).describe("whether the stack makes the namespace"),
}).describe("which cluster, and where in it");

const localStorage = strict({
  type: z.literal("local"),
  provisioner: text(provisionerProblem)
    .optional()
    .describe(
      "CSI driver that makes volumes on a node's own disk; when absent, somebody makes them by hand",
    ),
  parameters: z.record(nonEmpty, z.string()).optional().describe("the driver's own parameters"),
  accessModes: accessModes
    .default([AccessMode.ReadWriteOnce, AccessMode.ReadWriteOncePod])
    .describe("what its volumes can be mounted as"),
  reclaimPolicy: z
    .enum(["Retain", "Delete"])
    .default("Retain")
    .describe("what becomes of the files when the claim is deleted"),
  volumeBindingMode: z
    .enum(["WaitForFirstConsumer", "Immediate"])
    .default("WaitForFirstConsumer")
    .describe("whether a volume is made where its first pod runs, or at once anywhere"),
  allowVolumeExpansion: z
    .boolean()
    .optional()
    .describe("whether claims may grow; true with a driver, false without one"),
  mountOptions: z.array(nonEmpty).min(1).optional().describe("options of mount(8)"),
}).describe("a StorageClass whose volumes live on a node's own disk");

const existingStorage = strict({
  type: z.literal("existing"),
  storageClassName: subdomain
    .optional()
    .describe("name of the StorageClass; the cluster's default class when absent"),
  accessModes: accessModes
    .default([AccessMode.ReadWriteOnce])
    .describe("what its volumes can be mounted as, which only its administrator knows"),
}).describe("a StorageClass that is there already");

const storage = z.discriminatedUnion("type", [localStorage, existingStorage]);

const volume = strict({
  storage: nonEmpty.describe("name of an entry in storage"),
  size: quantity.describe("capacity, with a binary unit: 500Gi"),
  accessMode: accessMode
    .optional()
    .describe("who may mount it at once; the most sharing mode of its storage when absent"),
  accessModes: accessModes.optional().describe("several modes, where one claim needs them"),
  deletionPolicy: z
    .enum(["Retain", "Delete"])
    .default("Retain")
    .describe("whether `pulumi destroy` leaves the claim and its files in the cluster"),
  protect: z
    .boolean()
    .optional()
    .describe(
      "whether Pulumi refuses to delete or replace the claim; true for one that is retained",
    ),
}).describe("a PersistentVolumeClaim");

const population = strict({
  activeDeadlineSeconds: z
    .int32()
    .min(60)
    .optional()
    .describe(
      "seconds after which the Job is given up; computed from the volume's size when absent",
    ),
  resources: resources
    .default({ requests: { cpu: "500m", memory: "256Mi" }, limits: { memory: "1Gi" } })
    .describe("processor and memory of the loader"),
  nodeSelector: nodeLabels.default({}).describe("labels of the nodes that the loader may run on"),
  tolerations: z.array(toleration).default([]).describe("taints that the loader tolerates"),
}).describe("the Job that puts the files on the volume");

const formatOrFramework = strict({
  name: nonEmpty.describe("such as safetensors"),
  version: nonEmpty.optional(),
});

const baseModel = strict({
  kind: z
    .enum(["BaseModel", "ClusterBaseModel"])
    .default("BaseModel")
    .describe("catalogue of the namespace, or of the whole cluster"),
  name: subdomain.optional().describe("name in the catalogue; the model's own when absent"),
  displayName: nonEmpty.optional().describe("name for people"),
  vendor: nonEmpty.optional().describe("who made the model"),
  version: nonEmpty.optional().describe("the vendor's version"),
  modelFormat: formatOrFramework.optional().describe("format of the weights"),
  modelFramework: formatOrFramework.optional().describe("library that the weights are for"),
  modelType: nonEmpty.optional().describe("model_type of config.json: llama"),
  modelArchitecture: nonEmpty.optional().describe("architecture of config.json: LlamaForCausalLM"),
  modelParameterSize: nonEmpty.optional().describe("number of parameters: 8B"),
  modelCapabilities: z.array(nonEmpty).min(1).optional().describe("such as TEXT_GENERATION"),
  apiCapabilities: z
    .array(nonEmpty)
    .min(1)
    .optional()
    .describe("such as OPENAI_V1_CHAT_COMPLETIONS"),
  quantization: nonEmpty.optional().describe("such as fp8"),
  maxTokens: z.int32().min(1).optional().describe("longest context, in tokens"),
}).describe("the model's entry in OME's catalogue");

const server = strict({
  kind: z.literal("Deployment").default("Deployment").describe("what runs the servers"),
  replicas: z.int32().min(0).default(1).describe("number of servers"),
  gpus: z.int32().min(0).default(1).describe("GPUs for each server; 0 serves on the CPU"),
  image: image.optional().describe("image of vLLM; the stack's when absent"),
  servedModelName: nonEmpty
    .optional()
    .describe("name that clients ask for; the model's own when absent"),
  args: z
    .record(nonEmpty, z.custom<VllmArg>(isVllmArg, { error: vllmArgExpected }))
    .default({})
    .describe("flags of `vllm serve` without the leading dashes: max-model-len"),
  env: z.record(nonEmpty, z.string()).default({}).describe("environment variables of vLLM"),
  resources: resources
    .default({ requests: {}, limits: {} })
    .describe("processor and memory of each server"),
  nodeSelector: nodeLabels.default({}).describe("labels of the nodes that servers may run on"),
  tolerations: z.array(toleration).default([]).describe("taints that servers tolerate"),
  serviceType: z
    .enum(["ClusterIP", "LoadBalancer"])
    .default("ClusterIP")
    .describe("whether the Service can be reached from the cluster alone"),
  port: z.int32().min(1).max(65535).default(8000).describe("port of the Service"),
  sharedMemorySize: quantity
    .default("2Gi")
    .describe("size of /dev/shm, taken from the memory limit"),
  startupBudgetSeconds: z
    .int32()
    .min(60)
    .optional()
    .describe(
      "seconds that a server has to load the weights; computed from the volume's size when absent",
    ),
}).describe("vLLM servers for the model, and their Service");

const model = strict({
  source: nonEmpty.describe("where the files come from: hf://org/repo@commit"),
  tokenSecret: secretKey.optional().describe("token for the source; the loader alone sees it"),
  endpoint: endpoint.optional().describe("mirror of the Hub; the stack's when absent"),
  include: z
    .array(pattern)
    .min(1)
    .optional()
    .describe("files to fetch; all but weights in formats other than safetensors when absent"),
  exclude: z.array(pattern).min(1).optional().describe("files to leave out"),
  allowPickle: z
    .boolean()
    .default(false)
    .describe(
      "whether weights in every format are fetched, those that can run code when loaded among them",
    ),
  volume: either<string | z.output<typeof volume>>((got) =>
    isMap(got) ? volume : nonEmpty,
  ).describe("name of an entry in volumes, or a volume of the model's own"),
  path: z.string().optional().describe("directory in the volume; org/repo/revision when absent"),
  population: population.prefault({}),
  baseModel: baseModel.optional(),
  serve: either<z.output<typeof server> | Record<string, z.output<typeof server>>>((got) =>
    holdsSeveralServers(got) ? z.record(entryName, server) : server,
  )
    .optional()
    .describe("the model's server, or several by name"),
}).describe("a model: where its files come from and lie, who catalogues and who serves them");

/** What a stack's configuration may say, under `modelstore:`. */
export const stackConfigSchema = strict({
  cluster,
  storage: z.record(entryName, storage).default({}).describe("storage classes by name"),
  volumes: z
    .record(entryName, volume)
    .default({})
    .describe("claims by name; one may hold many models"),
  models: z.record(entryName, model).default({}).describe("models by name"),
  images: strict({
    loader: image.optional().describe("Node image that runs the loader"),
    vllm: image.optional().describe("vLLM image of every server that names none"),
  }).default({}),
  huggingFace: strict({
    endpoint: endpoint
      .default("https://huggingface.co")
      .describe("the Hub, or a mirror that speaks its protocol"),
  }).prefault({}),
});

/** A stack's configuration, every default filled in. */
export type StackConfig = z.output<typeof stackConfigSchema>;
/** What a volume's entry says. */
export type VolumeConfig = z.output<typeof volume>;
/** What a model's entry says. */
export type ModelConfig = z.output<typeof model>;
/** What a server's entry says. */
export type ServerConfig = z.output<typeof server>;

/** Several servers are maps under names that are not a server's own fields. */
function holdsSeveralServers(got: unknown): boolean {
  if (!isMap(got)) return false;
  const entries = Object.entries(got);
  return (
    entries.length > 0 &&
    entries.every(([key, value]) => isMap(value) && !Object.hasOwn(server.shape, key))
  );
}

/** A name such as `on` or `y` that a YAML reader took for something else reaches the program as one of these words. */
function yamlWordProblem(name: string): string | undefined {
  return ["true", "false", "null"].includes(name)
    ? `got ${quote(name)}, which some YAML readers make of names such as on, yes, n or ~; use another name`
    : undefined;
}

/** What Kubernetes would refuse of a toleration. */
function tolerationProblem({ key, operator, value, effect, tolerationSeconds }: Toleration) {
  if (operator === "Exists" && value !== undefined) {
    return `has the value ${quote(value)}, but "Exists" tolerates every value; remove it, or use "Equal"`;
  }
  if (operator !== "Exists" && key === undefined) {
    return 'has no key; name one, or use the operator "Exists" for every taint';
  }
  if (tolerationSeconds !== undefined && effect !== "NoExecute") {
    return 'has tolerationSeconds, which count for the effect "NoExecute" alone; remove them, or use that effect';
  }
  return undefined;
}

function isVllmArg(got: unknown): boolean {
  if (Array.isArray(got)) return got.every((one) => ["string", "number"].includes(typeof one));
  return ["string", "number", "boolean"].includes(typeof got) || isMap(got);
}

function vllmArgExpected({ input }: { input: unknown }): string {
  const remedy = input === null ? "; for a flag without a value write true" : "";
  return `got ${quote(input)}, expected a text, a number, true, false, a list or a map${remedy}`;
}

function endpointProblem(got: string): string | undefined {
  const url = URL.canParse(got) ? new URL(got) : undefined;
  const plain =
    (url?.protocol === "https:" || url?.protocol === "http:") &&
    url.username === "" &&
    url.password === "" &&
    url.search === "" &&
    url.hash === "";
  if (plain) return undefined;
  // A URL with a password in it must not be repeated.
  const shown = url !== undefined && url.password !== "" ? "a URL with a password" : quote(got);
  return `got ${shown}, expected the URL of a hub such as "https://huggingface.co", without user, password and query`;
}

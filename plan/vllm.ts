import { entryOf } from "./findings";
import { quote, type Problem } from "./problems";

/**
 * The value of one `vllm serve` flag: a scalar, a list (`--flag a b`), or an object, which vLLM reads as JSON.
 *
 * `true` gives the bare flag, `false` its negation.
 */
export type VllmArg =
  string | number | boolean | readonly (string | number)[] | { readonly [key: string]: unknown };

/** Flags of `vllm serve` by name, without the leading dashes: `{ "max-model-len": 8192 }`. */
export type VllmArgs = Readonly<Record<string, VllmArg>>;

/** Flags that a server sets itself, or that would undo what it guarantees, and why. */
const reservedFlags: Readonly<Record<string, string>> = {
  model: "the server serves the model of its volume",
  "model-tag": "the server serves the model of its volume",
  "served-model-name": "the server sets it from servedModelName",
  host: "probes and the Service need the server on every address of its pod",
  port: "probes and the Service rely on the server's own port",
  uds: "probes and the Service need a TCP port",
  grpc: "probes and the Service need a server that speaks HTTP",
  headless: "probes and the Service need a server that speaks HTTP",
  "ssl-certfile":
    "probes and the Service's clients speak plain HTTP; put a gateway that encrypts in front of the Service",
  "ssl-keyfile":
    "probes and the Service's clients speak plain HTTP; put a gateway that encrypts in front of the Service",
  config: "flags in a file would hide from this check and from the plan",
  revision: "the files on the volume are the revision",
  "code-revision": "the files on the volume are the revision",
  "download-dir": "the server never downloads",
  "hf-token":
    "the server never downloads, and arguments are readable by everybody who can see the pod",
  "api-key":
    "arguments are readable by everybody who can see the pod; put a gateway that authenticates in front of the Service",
};

/** Environment variables that a server sets itself, or that would undo what it guarantees, and why. */
const reservedVariables: Readonly<Record<string, string>> = {
  HF_HUB_OFFLINE: "the server never downloads",
  HF_ENDPOINT: "the server never downloads; the endpoint belongs to the model's population",
  HF_TOKEN: "the server never downloads; the token belongs to the model's population alone",
  HF_TOKEN_PATH: "the server never downloads; the token belongs to the model's population alone",
  HUGGING_FACE_HUB_TOKEN:
    "the server never downloads; the token belongs to the model's population alone",
  VLLM_API_KEY:
    "the pod's specification is readable by everybody who can see the pod; put a gateway that authenticates in front of the Service",
  VLLM_PORT: "vLLM takes its internal ports from it, and the Service relies on the server's own",
};

/** Switches of vLLM that have no negation: leaving them out is what `false` means. */
const switches = new Set(["aggregate-engine-logging", "disable-log-stats"]);

/**
 * What is wrong with flags meant for `vllm serve`: names that are none, and those that the server keeps to itself.
 *
 * @param args - The flags.
 * @param path - Where they were written.
 */
export function vllmArgProblems(
  args: VllmArgs,
  path: readonly (string | number)[] = ["args"],
): Problem[] {
  return Object.entries(args).flatMap(([flag, value]): Problem[] => {
    const at = [...path, flag];
    const name = flag.replace(/^-+/, "").replaceAll("_", "-");
    const reason = entryOf(reservedFlags, name);
    if (reason !== undefined) {
      // The value is not repeated: it may well be a credential.
      return [{ path: at, message: `is reserved: ${reason}; remove it` }];
    }
    if (!/^[a-z][a-z0-9-]*(\.[A-Za-z0-9_.-]+)?$/.test(flag)) {
      const remedy = flag === name ? "" : `; write ${quote(name)}`;
      return [
        {
          path: at,
          message: `got ${quote(flag)}, expected the name of a vllm serve flag without its leading dashes such as "max-model-len"${remedy}`,
        },
      ];
    }
    if (Array.isArray(value) && value.length === 0) {
      return [{ path: at, message: "got [], expected at least one value; remove it" }];
    }
    return [];
  });
}

/**
 * What is wrong with environment variables meant for vLLM: names that are none, and those that the server keeps to itself.
 *
 * @param names - The variables' names.
 * @param path - Where they were written.
 */
export function vllmEnvProblems(
  names: readonly string[],
  path: readonly (string | number)[] = ["env"],
): Problem[] {
  return names.flatMap((name): Problem[] => {
    const at = [...path, name];
    const reason = entryOf(reservedVariables, name);
    if (reason !== undefined) return [{ path: at, message: `is reserved: ${reason}; remove it` }];
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      return [
        {
          path: at,
          message: `got ${quote(name)}, expected the name of an environment variable: letters, digits and underscores`,
        },
      ];
    }
    return [];
  });
}

/** The flags by which a server can spread over several GPUs. */
export const parallelismFlags = [
  "tensor-parallel-size",
  "pipeline-parallel-size",
  "data-parallel-size",
] as const;

/** Has a server use every GPU that it is given, unless its flags say how: vLLM would take one and leave the rest idle. */
export function withParallelism(args: VllmArgs, gpus: number): VllmArgs {
  const spread = parallelismFlags.some((flag) => Object.hasOwn(args, flag));
  return gpus > 1 && !spread ? { ...args, "tensor-parallel-size": gpus } : args;
}

/** The command-line arguments that flags stand for, in the order of their names, so that no reordering restarts a server. */
export function renderVllmArgs(args: VllmArgs): string[] {
  return Object.keys(args)
    .sort()
    .flatMap((flag) => renderFlag(flag, args[flag] as VllmArg));
}

function renderFlag(flag: string, value: VllmArg): string[] {
  if (value === true) return [`--${flag}`];
  if (value === false) return switches.has(flag) ? [] : [`--no-${flag}`];
  if (Array.isArray(value)) return [`--${flag}`, ...value.map(String)];
  if (typeof value === "object") return [`--${flag}=${JSON.stringify(value)}`];
  return [`--${flag}=${value}`];
}

/** The taint that keeps everything else off nodes with GPUs, as the usual installations set it. */
export const gpuToleration = {
  key: "nvidia.com/gpu",
  operator: "Exists",
  effect: "NoSchedule",
} as const;

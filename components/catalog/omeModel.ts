import type * as pulumi from "@pulumi/pulumi";
import { dnsSubdomainProblem } from "../../plan/names";
import type { Problem } from "../../plan/problems";
import { modelPathProblem, problemAt, wholeNumberProblem } from "../invalidArguments";

/**
 * What OME wants to know about a model, in its own words; OME reads from the model's `config.json` what is left out.
 *
 * @see https://github.com/sgl-project/ome
 */
export interface OmeModelMetadata {
  /**
   * The name that people read.
   *
   * @defaultValue - none
   */
  readonly displayName?: pulumi.Input<string>;
  /**
   * Who made the model, e.g. `meta`.
   *
   * @defaultValue - none
   */
  readonly vendor?: pulumi.Input<string>;
  /**
   * The model's version.
   *
   * @defaultValue - none
   */
  readonly version?: pulumi.Input<string>;
  /**
   * The format of the weights, e.g. `safetensors`.
   *
   * @defaultValue - read by OME
   */
  readonly modelFormat?: pulumi.Input<NameAndVersion>;
  /**
   * The library that the weights are for, e.g. `transformers`.
   *
   * @defaultValue - read by OME
   */
  readonly modelFramework?: pulumi.Input<NameAndVersion>;
  /**
   * The family, e.g. `llama`.
   *
   * @defaultValue - read by OME
   */
  readonly modelType?: pulumi.Input<string>;
  /**
   * The class in the model's configuration, e.g. `LlamaForCausalLM`.
   *
   * @defaultValue - read by OME
   */
  readonly modelArchitecture?: pulumi.Input<string>;
  /**
   * How many parameters, e.g. `8B`.
   *
   * @defaultValue - read by OME
   */
  readonly modelParameterSize?: pulumi.Input<string>;
  /**
   * What the model can do, e.g. `TEXT_GENERATION`.
   *
   * @defaultValue - read by OME
   */
  readonly modelCapabilities?: pulumi.Input<readonly pulumi.Input<string>[]>;
  /**
   * Which APIs it answers, e.g. `OPENAI_V1_CHAT_COMPLETIONS`.
   *
   * @defaultValue - none
   */
  readonly apiCapabilities?: pulumi.Input<readonly pulumi.Input<string>[]>;
  /**
   * How the weights are quantized, e.g. `fp8`.
   *
   * @defaultValue - read by OME
   */
  readonly quantization?: pulumi.Input<string>;
  /**
   * The longest context, in tokens.
   *
   * @defaultValue - read by OME
   */
  readonly maxTokens?: number;
}

/** A format or a framework. */
export interface NameAndVersion {
  /** Its name. */
  readonly name: pulumi.Input<string>;
  /**
   * Its version.
   *
   * @defaultValue - any
   */
  readonly version?: pulumi.Input<string>;
}

/** What both kinds of OME models can be told. */
export interface OmeModelArgs extends OmeModelMetadata {
  /**
   * `metadata.name`. Fixed, because InferenceServices name it.
   *
   * @defaultValue - the component's name
   */
  readonly modelName?: string;
  /** The PersistentVolumeClaim that holds the model. */
  readonly claimName: pulumi.Input<string>;
  /** The model's directory in the volume, relative. OME cannot address a volume's root. */
  readonly path: string;
}

/** What is wrong with the arguments of either kind. */
export function omeModelProblems(name: string, args: OmeModelArgs): Problem[] {
  return [
    ...problemAt(["modelName"], dnsSubdomainProblem(args.modelName ?? name)),
    ...problemAt(["path"], modelPathProblem(args.path)),
    ...problemAt(
      ["maxTokens"],
      args.maxTokens === undefined ? undefined : wholeNumberProblem(args.maxTokens, 1, 2 ** 31 - 1),
    ),
  ];
}

/** The `spec` of either kind. */
export function omeModelSpec(args: OmeModelArgs, storageUri: pulumi.Input<string>) {
  return {
    displayName: args.displayName,
    vendor: args.vendor,
    version: args.version,
    modelFormat: args.modelFormat,
    modelFramework: args.modelFramework,
    modelType: args.modelType,
    modelArchitecture: args.modelArchitecture,
    modelParameterSize: args.modelParameterSize,
    modelCapabilities: args.modelCapabilities,
    apiCapabilities: args.apiCapabilities,
    quantization: args.quantization,
    maxTokens: args.maxTokens,
    storage: { storageUri },
  };
}

/** What OME's controllers write into `spec` where nobody else did. */
const filledByOme = [
  "modelFormat",
  "modelFramework",
  "modelType",
  "modelArchitecture",
  "modelParameterSize",
  "modelCapabilities",
  "quantization",
  "maxTokens",
] as const satisfies readonly (keyof OmeModelMetadata)[];

/** The paths that belong to OME's controllers: those of {@link filledByOme} that the arguments leave to them. */
export function pathsLeftToOme(args: OmeModelArgs): string[] {
  return filledByOme.filter((field) => args[field] === undefined).map((field) => `spec.${field}`);
}

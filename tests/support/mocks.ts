import * as pulumi from "@pulumi/pulumi";

/** A resource that a program made under mocks. */
export interface MadeResource {
  /** The type token. */
  readonly type: string;
  /** The Pulumi name. */
  readonly name: string;
  /** The URN that the engine would give it: in mocks' own, all ancestors but the nearest are missing. */
  readonly urn: string;
  /** The resource itself. */
  readonly resource: pulumi.Resource;
  /** What it was made with, outputs and all. */
  readonly props: Readonly<Record<string, unknown>>;
  /** What the provider would be given. Empty for components. */
  readonly inputs: Readonly<Record<string, unknown>>;
  /** The options it was made with, after those that components add. */
  readonly options: pulumi.CustomResourceOptions;
}

/** How mocks behave. */
export interface MockSettings {
  /** Whether the program runs for a preview. */
  readonly preview?: boolean;
  /** What the loader writes to every Job, as JSON. */
  readonly jobResult?: string;
  /** The stack's name. */
  readonly stack?: string;
}

/**
 * Runs part of a program under Pulumi's mocks and gives all resources that it made, in the order of their making.
 *
 * What this cannot show: whether a cluster accepts the objects, and what the engine does with the options.
 *
 * @param make - Makes resources, with the options that it is handed.
 */
export async function made<T>(
  make: (options: pulumi.ComponentResourceOptions) => T,
  settings: MockSettings = {},
): Promise<{ readonly result: T; readonly resources: readonly MadeResource[] }> {
  const recorder = await startMocks(settings);
  const result = make({ transformations: [recorder.transformation] });
  return { result, resources: await recorder.resources() };
}

/** Records what is made from now on; for programs, which take no options. */
export async function startMocks(settings: MockSettings = {}) {
  const stack = settings.stack ?? "test";
  const inputs = new Map<string, Record<string, unknown>>();
  const recorded: {
    readonly type: string;
    readonly name: string;
    readonly resource: pulumi.Resource;
    readonly props: Readonly<Record<string, unknown>>;
    readonly options: pulumi.ResourceOptions;
  }[] = [];
  const typeChains = new Map<pulumi.Resource, string>();

  await pulumi.runtime.setMocks(
    {
      newResource: (args) => {
        const given = args.inputs as Record<string, unknown>;
        if (args.custom === true) inputs.set(`${args.type}::${args.name}`, given);
        return { id: `${args.name}-id`, state: stateOf(args.type, given, settings) };
      },
      call: ({ token }) => {
        throw new Error(`nobody mocked ${token}`);
      },
    },
    "modelstore",
    stack,
    settings.preview ?? false,
  );

  return {
    transformation: ({ type, name, resource, props, opts }: pulumi.ResourceTransformationArgs) => {
      const parent = opts.parent && typeChains.get(opts.parent);
      typeChains.set(resource, parent === undefined ? type : `${parent}$${type}`);
      recorded.push({
        type,
        name,
        resource,
        props: props,
        options: opts,
      });
      return undefined;
    },
    /** Everything that was made, once all of it is registered. */
    resources: async (): Promise<MadeResource[]> => {
      await Promise.all(recorded.map(({ resource }) => valueOf(resource.urn)));
      return recorded.map(({ type, name, resource, props, options }) => ({
        type,
        name,
        resource,
        props,
        urn: `urn:pulumi:${stack}::modelstore::${typeChains.get(resource) ?? type}::${name}`,
        inputs: inputs.get(`${type}::${name}`) ?? {},
        options,
      }));
    },
  };
}

/** What the API server would add to an object, as far as components look at it. */
function stateOf(
  type: string,
  inputs: Record<string, unknown>,
  { preview, jobResult }: MockSettings,
): Record<string, unknown> {
  const metadata = inputs["metadata"] as Record<string, unknown> | undefined;
  if (metadata === undefined) return inputs;
  const annotations = metadata["annotations"] as Record<string, string> | undefined;
  const finished =
    type === "kubernetes:batch/v1:Job" && preview !== true && jobResult !== undefined;
  return {
    ...inputs,
    metadata: {
      ...metadata,
      namespace: metadata["namespace"] ?? "default",
      annotations: finished ? { ...annotations, "modelstore/result": jobResult } : annotations,
    },
  };
}

/** What the SDK knows of an output beside its value. */
interface OutputInternals<T> {
  readonly promise: () => Promise<T>;
  readonly isKnown: Promise<boolean>;
  readonly allResources: () => Promise<Set<pulumi.Resource>>;
}

function internals<T>(output: pulumi.Output<T>): OutputInternals<T> {
  return output as unknown as OutputInternals<T>;
}

/** The value of an output, once it is there. @throws what its making threw. */
export function valueOf<T>(output: pulumi.Output<T>): Promise<T> {
  return internals(output).promise();
}

/** The resources that an output comes from. */
export function dependenciesOf(output: pulumi.Output<unknown>): Promise<Set<pulumi.Resource>> {
  return internals(output).allResources();
}

/** Whether an output has a value yet; in a preview some have none. */
export function isKnown(output: pulumi.Output<unknown>): Promise<boolean> {
  return internals(output).isKnown;
}

/** The one resource of a type, optionally of a name. @throws Error when there is none or are several. */
export function the(resources: readonly MadeResource[], type: string, name?: string): MadeResource {
  const found = resources.filter(
    (resource) => resource.type === type && (name === undefined || resource.name === name),
  );
  const [only, ...others] = found;
  if (only === undefined || others.length > 0) {
    throw new Error(`expected one ${type} ${name ?? ""}, got ${found.length}`);
  }
  return only;
}

/** Types and names, as a list that is easy to compare. */
export function tree(resources: readonly MadeResource[]): string[] {
  return resources.map(({ type, name }) => `${type} ${name}`);
}

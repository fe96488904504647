import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { bundleLoader } from "../../loader/bundle";
import { contentHashName, dnsLabelProblem, roleName } from "../../plan/names";
import {
  loaderPaths,
  patternProblems,
  resultAnnotation,
  type PopulationResult,
  type PopulationSpec,
} from "../../plan/population";
import { quote, type Problem } from "../../plan/problems";
import { InvalidSourceError, parseSource } from "../../plan/sources";
import type { ComputeResources } from "../computeResources";
import {
  modelPathProblem,
  problemAt,
  rejectInvalidArguments,
  wholeNumberProblem,
} from "../invalidArguments";
import { modelstoreLabels } from "../labels";
import { populationJobSpec, type SecretKeyRef } from "./populationJob";

/** What a {@link ModelPopulation} can be told. */
export interface ModelPopulationArgs {
  /**
   * What the names of the Job and its companions begin with. The Job's name ends with a hash of its content.
   *
   * @defaultValue - the component's name
   */
  readonly jobName?: string;
  /**
   * The namespace of the claim, where the Job runs.
   *
   * @defaultValue - the provider's default namespace
   */
  readonly namespace?: pulumi.Input<string>;
  /** The PersistentVolumeClaim that receives the files. */
  readonly claimName: pulumi.Input<string>;
  /** Where the files come from, e.g. `hf://org/repo@revision`. A commit as revision means the same bytes for ever. */
  readonly source: string;
  /** Where in the volume the model appears, relative, e.g. `org/repo/revision`. */
  readonly path: string;
  /**
   * The Hub, or a mirror that speaks its protocol.
   *
   * @defaultValue `"https://huggingface.co"`
   */
  readonly endpoint?: pulumi.Input<string>;
  /**
   * Patterns of files to fetch; `*` also matches `/`.
   *
   * @defaultValue - every file but weights in formats other than safetensors
   */
  readonly include?: readonly string[];
  /**
   * Patterns of files to leave out, even where `include` matches them.
   *
   * @defaultValue - none
   */
  readonly exclude?: readonly string[];
  /**
   * Whether weights in every format are fetched, those that run code when a framework loads them among them.
   *
   * @defaultValue `false`
   */
  readonly allowPickle?: boolean;
  /**
   * The key of a Secret that holds the access token. The loader alone sees it, as a file.
   *
   * @defaultValue - no token: public repositories only
   */
  readonly tokenSecret?: SecretKeyRef;
  /** An image with Node.js 20 or newer as `node`, preferably by digest. The loader itself comes from a ConfigMap. */
  readonly image: pulumi.Input<string>;
  /**
   * Seconds after which Kubernetes gives the Job up. Pulumi waits ten minutes longer.
   *
   * @defaultValue `21600`, six hours; better computed from the model's size and the slowest link
   */
  readonly activeDeadlineSeconds?: number;
  /**
   * How often a loader that ended with an error that may pass is started again.
   *
   * @defaultValue `5`
   */
  readonly backoffLimit?: number;
  /**
   * What the loader asks for and may use.
   *
   * @defaultValue - nothing is set aside, and the node is the limit
   */
  readonly resources?: ComputeResources;
  /**
   * Labels of nodes that the loader may run on. A volume that comes into being with its first consumer is bound to that
   * consumer's node or zone: give the loader the constraints of the servers (but not their GPUs).
   *
   * @defaultValue - any node
   */
  readonly nodeSelector?: pulumi.Input<Record<string, pulumi.Input<string>>>;
  /**
   * Taints that the loader puts up with; see {@link ModelPopulationArgs.nodeSelector}.
   *
   * @defaultValue - none
   */
  readonly tolerations?: pulumi.Input<readonly pulumi.Input<k8s.types.input.core.v1.Toleration>[]>;
  /**
   * Further constraints on the loader's node; see {@link ModelPopulationArgs.nodeSelector}.
   *
   * @defaultValue - none
   */
  readonly affinity?: pulumi.Input<k8s.types.input.core.v1.Affinity>;
}

/**
 * A Job that puts a model's files on a volume, verified and all at once, and is awaited: whatever depends on it starts
 * with the files in place.
 *
 * ```
 * ModelPopulation name
 * ├─ ServiceAccount  name-service-account
 * ├─ Role            name-role
 * ├─ RoleBinding     name-role-binding
 * ├─ ConfigMap       name-loader
 * └─ Job             name
 * ```
 *
 * @remarks
 * Nothing about a Job or an immutable ConfigMap can change, so both carry a hash of all that they are made of in their
 * names: a change makes a new Job, and no change makes none. A new Job on a complete volume is a check, not a download.
 * The old ones are deleted first: kept until the new Job has succeeded, they would be in the way of who goes back to
 * them after it failed. A Job that failed is made anew by the next `pulumi up`. None has a time to live, since a Job
 * that Kubernetes cleaned up would run again.
 */
export class ModelPopulation extends pulumi.ComponentResource {
  /** The Job. */
  readonly job: k8s.batch.v1.Job;
  /**
   * What the loader did; undefined where it could not write it to the Job, and before the Job has run.
   */
  readonly result: pulumi.Output<PopulationResult | undefined>;

  /**
   * @param name - The Pulumi name.
   * @param args - Which model goes where.
   * @param opts - Pulumi's options.
   */
  constructor(name: string, args: ModelPopulationArgs, opts?: pulumi.ComponentResourceOptions) {
    const resolved = resolveModelPopulationArgs(name, args);
    super("modelstore:index:ModelPopulation", name, {}, opts);

    const { code } = bundleLoader();
    const { jobName, namespace } = resolved;
    const labels = modelstoreLabels("population", "modelstore-loader", jobName);
    const companion = roleName(jobName, "populate");
    const specification = populationSpec(resolved);
    const job = pulumi.output({ ...resolved, labels, serviceAccountName: companion });
    // Everything but the names that come of the hash.
    const contentName = pulumi
      .all([specification, job])
      .apply(([specification, job]) =>
        contentHashName(
          companion,
          canonicalJson([code, specification, populationJobSpec({ ...job, configMapName: "" })]),
        ),
      );

    const serviceAccount = new k8s.core.v1.ServiceAccount(
      `${name}-service-account`,
      { metadata: { name: companion, namespace, labels }, automountServiceAccountToken: false },
      { parent: this },
    );
    const role = new k8s.rbac.v1.Role(
      `${name}-role`,
      {
        metadata: { name: companion, namespace, labels },
        rules: [
          {
            apiGroups: ["batch"],
            resources: ["jobs"],
            resourceNames: [contentName],
            verbs: ["patch"],
          },
        ],
      },
      { parent: this },
    );
    const roleBinding = new k8s.rbac.v1.RoleBinding(
      `${name}-role-binding`,
      {
        metadata: { name: companion, namespace, labels },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: companion },
        subjects: [
          {
            kind: "ServiceAccount",
            name: companion,
            namespace: serviceAccount.metadata.namespace,
          },
        ],
      },
      { parent: this, dependsOn: [role] },
    );
    const loader = new k8s.core.v1.ConfigMap(
      `${name}-loader`,
      {
        metadata: { name: contentName, namespace, labels },
        immutable: true,
        data: {
          "loader.js": code,
          "population.json": pulumi
            .all([specification, serviceAccount.metadata.namespace, contentName])
            .apply(([specification, namespace, name]) =>
              JSON.stringify({ ...specification, job: { namespace, name } }, undefined, 2),
            ),
        },
      },
      { parent: this, deleteBeforeReplace: true },
    );
    this.job = new k8s.batch.v1.Job(
      name,
      {
        metadata: {
          name: contentName,
          namespace,
          labels,
          // Without it, `pulumi up` after a failure would go on waiting for the Job that failed.
          annotations: { "pulumi.com/replaceUnready": "true" },
        },
        spec: pulumi
          .all([job, loader.metadata.name])
          .apply(([job, configMapName]) => populationJobSpec({ ...job, configMapName })),
      },
      {
        parent: this,
        dependsOn: [roleBinding],
        deleteBeforeReplace: true,
        customTimeouts: { create: `${resolved.activeDeadlineSeconds + awaitMarginSeconds}s` },
        // Most of a Job's specification is immutable; the provider knows it of a few fields only.
        replaceOnChanges: ["spec"],
      },
    );

    this.result = this.job.metadata.annotations.apply((annotations) =>
      this.parseResult(name, annotations[resultAnnotation]),
    );
    this.registerOutputs({ job: this.job, result: this.result });
  }

  private parseResult(name: string, annotation?: string): PopulationResult | undefined {
    if (annotation === undefined) return undefined;
    try {
      return JSON.parse(annotation) as PopulationResult;
    } catch {
      throw new pulumi.ResourceError(
        `modelstore:index:ModelPopulation ${quote(name)}: its Job's annotation ${resultAnnotation} is ${quote(annotation)}, expected the JSON that the loader writes; delete the Job, and the next pulumi up makes it anew`,
        this,
        true,
      );
    }
  }
}

/** Time for the pod to be scheduled, its image to be pulled and its volume to be made, beyond the Job's own deadline. */
const awaitMarginSeconds = 600;

/** {@link ModelPopulationArgs} with every default in place. */
export type ResolvedModelPopulationArgs = ModelPopulationArgs &
  Required<Pick<ModelPopulationArgs, "jobName" | "activeDeadlineSeconds" | "backoffLimit">>;

/**
 * Puts the defaults in place and refuses what cannot work.
 *
 * @throws pulumi.RunError naming every invalid argument.
 */
export function resolveModelPopulationArgs(
  name: string,
  args: ModelPopulationArgs,
): ResolvedModelPopulationArgs {
  const resolved = {
    ...args,
    jobName: args.jobName ?? name,
    activeDeadlineSeconds: args.activeDeadlineSeconds ?? 6 * 60 * 60,
    backoffLimit: args.backoffLimit ?? 5,
  };
  rejectInvalidArguments("modelstore:index:ModelPopulation", name, problems(resolved));
  return resolved;
}

function problems(args: ResolvedModelPopulationArgs): Problem[] {
  return [
    ...problemAt(["jobName"], dnsLabelProblem(args.jobName)),
    ...problemAt(["source"], problemOfSource(args.source)),
    ...problemAt(["path"], modelPathProblem(args.path)),
    ...patternProblems(args),
    ...problemAt(["activeDeadlineSeconds"], wholeNumberProblem(args.activeDeadlineSeconds, 1)),
    ...problemAt(["backoffLimit"], wholeNumberProblem(args.backoffLimit, 0)),
  ];
}

function problemOfSource(source: string): string | undefined {
  try {
    parseSource(source);
    return undefined;
  } catch (error) {
    if (!(error instanceof InvalidSourceError)) throw error;
    return `got ${quote(error.got)}, which ${error.why}; ${error.remedy}`;
  }
}

/** What the loader is told, but for the Job that it belongs to, whose name depends on it. */
function populationSpec(
  args: ResolvedModelPopulationArgs,
): pulumi.Output<Omit<PopulationSpec, "job">> {
  return pulumi.output(args.endpoint).apply((endpoint) => ({
    schema: 1 as const,
    source: args.source,
    endpoint,
    tokenFile: args.tokenSecret === undefined ? undefined : loaderPaths.token,
    volume: loaderPaths.volume,
    path: args.path,
    include: args.include,
    exclude: args.exclude,
    allowPickle: args.allowPickle,
  }));
}

/** JSON whose text does not depend on the order in which a configuration was written. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

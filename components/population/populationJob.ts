import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { finalExitCodes, loaderArguments, loaderPaths } from "../../plan/population";
import type { ComputeResources } from "../computeResources";
import { restrictedContainer, restrictedPod } from "../podSecurity";

/** One key of a Secret in the same namespace. */
export interface SecretKeyRef {
  /** `metadata.name` of the Secret. */
  readonly name: pulumi.Input<string>;
  /** The key within it, e.g. `HF_TOKEN`. */
  readonly key: pulumi.Input<string>;
}

/** What the specification of a population Job is made of. */
export interface PopulationJob {
  /** The ConfigMap with the loader and what it is to do. */
  readonly configMapName: string;
  /** The claim that receives the files. */
  readonly claimName: string;
  /** An image with Node.js. */
  readonly image: string;
  /** Labels of the pod. */
  readonly labels: Record<string, string>;
  /** The service account that may write the result to the Job. */
  readonly serviceAccountName: string;
  /** Seconds after which Kubernetes gives the Job up. */
  readonly activeDeadlineSeconds: number;
  /** How often an error that may pass is tried again. */
  readonly backoffLimit: number;
  /** The key of the Secret with the access token, if there is one. */
  readonly tokenSecret?: pulumi.Unwrap<SecretKeyRef>;
  /** What the loader asks for and may use. */
  readonly resources?: pulumi.Unwrap<ComputeResources>;
  /** Labels of nodes that the loader may run on. */
  readonly nodeSelector?: Record<string, string>;
  /** Taints that the loader puts up with. */
  readonly tolerations?: readonly pulumi.Unwrap<k8s.types.input.core.v1.Toleration>[];
  /** Further constraints on the loader's node. */
  readonly affinity?: pulumi.Unwrap<k8s.types.input.core.v1.Affinity>;
}

const serviceAccountDirectory = "/var/run/secrets/kubernetes.io/serviceaccount";

/** The specification of a population Job. */
export function populationJobSpec(job: PopulationJob): k8s.types.input.batch.v1.JobSpec {
  return {
    completions: 1,
    parallelism: 1,
    backoffLimit: job.backoffLimit,
    activeDeadlineSeconds: job.activeDeadlineSeconds,
    // A replacement for a pod that is still shutting down would be a second writer.
    podReplacementPolicy: "Failed",
    podFailurePolicy: {
      rules: [
        // A wrong token stays wrong: fail at once, with the loader's message, instead of after every retry.
        {
          action: "FailJob",
          onExitCodes: { containerName: "loader", operator: "In", values: [...finalExitCodes] },
        },
        // A drained node is not the loader's failure.
        { action: "Ignore", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] },
      ],
    },
    template: {
      metadata: { labels: job.labels },
      spec: {
        restartPolicy: "Never",
        serviceAccountName: job.serviceAccountName,
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        // Time to remove what was fetched so far, which is of use to nobody.
        terminationGracePeriodSeconds: 30,
        securityContext: restrictedPod,
        nodeSelector: job.nodeSelector,
        tolerations: job.tolerations && [...job.tolerations],
        affinity: job.affinity,
        containers: [
          {
            name: "loader",
            image: job.image,
            command: ["node", ...loaderArguments],
            // Some error is better than none when the loader could not write its own.
            terminationMessagePolicy: "FallbackToLogsOnError",
            securityContext: restrictedContainer,
            resources: job.resources,
            volumeMounts: [
              { name: "model", mountPath: loaderPaths.volume },
              { name: "loader", mountPath: loaderPaths.directory, readOnly: true },
              { name: "result-access", mountPath: serviceAccountDirectory, readOnly: true },
              { name: "tmp", mountPath: "/tmp" },
              ...(job.tokenSecret
                ? [{ name: "token", mountPath: loaderPaths.secretDirectory, readOnly: true }]
                : []),
            ],
          },
        ],
        volumes: [
          { name: "model", persistentVolumeClaim: { claimName: job.claimName } },
          { name: "loader", configMap: { name: job.configMapName } },
          { name: "result-access", projected: { sources: resultAccess } },
          { name: "tmp", emptyDir: { sizeLimit: "64Mi" } },
          ...(job.tokenSecret ? [{ name: "token", secret: tokenFile(job.tokenSecret) }] : []),
        ],
      },
    },
  };
}

/** What a client in a pod needs to reach the API server, with a token that is worth nothing after an hour. */
const resultAccess = [
  { serviceAccountToken: { path: "token", expirationSeconds: 3600 } },
  { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
];

function tokenFile(
  secret: pulumi.Unwrap<SecretKeyRef>,
): k8s.types.input.core.v1.SecretVolumeSource {
  return {
    secretName: secret.name,
    items: [{ key: secret.key, path: "token" }],
    defaultMode: 0o440,
  };
}

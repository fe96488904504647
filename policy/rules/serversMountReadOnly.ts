import { type ResourceValidationPolicy } from "@pulumi/policy";

/** The parts of a workload that the rule reads; anything may be missing, or unknown in a preview. */
interface Workload {
  readonly metadata?: { readonly name?: string; readonly labels?: Record<string, string> };
  readonly spec?: {
    readonly template?: {
      readonly spec?: {
        readonly volumes?: readonly {
          readonly name?: string;
          readonly persistentVolumeClaim?: {
            readonly claimName?: string;
            readonly readOnly?: boolean;
          };
        }[];
      };
    };
  };
}

const workloads = new Set(["kubernetes:apps/v1:Deployment", "kubernetes:apps/v1:StatefulSet"]);

/**
 * Model servers mount claims read-only: one server that could write would put the weights of all others at risk.
 *
 * Looks at Deployments and StatefulSets that modelstore manages; population Jobs, which have to write, are not among them.
 */
export const serversMountReadOnly: ResourceValidationPolicy = {
  name: "modelstore-servers-mount-read-only",
  description: "Model servers mount the volumes that hold weights read-only.",
  enforcementLevel: "mandatory",
  validateResource: ({ type, props }, reportViolation) => {
    if (!workloads.has(type)) return;
    const { metadata, spec } = props as Workload;
    if (metadata?.labels?.["app.kubernetes.io/managed-by"] !== "modelstore") return;
    for (const { name, persistentVolumeClaim: claim } of spec?.template?.spec?.volumes ?? []) {
      if (claim === undefined || claim.readOnly === true) continue;
      reportViolation(
        `${metadata.name ?? "a server"}: volume ${JSON.stringify(name)} mounts the claim ${JSON.stringify(claim.claimName)} with readOnly ${JSON.stringify(claim.readOnly ?? false)}, expected true (a server that can write puts the weights of all others at risk)`,
      );
    }
  },
};

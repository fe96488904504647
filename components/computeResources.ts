import type * as pulumi from "@pulumi/pulumi";

/**
 * What a container asks for and may use. GPUs are not among it: they have an argument of their own.
 *
 * @see https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/
 */
export interface ComputeResources {
  /**
   * What the scheduler sets aside.
   *
   * @defaultValue - nothing is set aside
   */
  readonly requests?: ComputeAmounts;
  /**
   * What the container cannot exceed.
   *
   * @defaultValue - the node's limits
   */
  readonly limits?: ComputeAmounts;
}

/** Amounts of processor time and memory. */
export interface ComputeAmounts {
  /**
   * Cores, e.g. `2` or `500m`.
   *
   * @defaultValue - not stated
   */
  readonly cpu?: pulumi.Input<string>;
  /**
   * Bytes as a Kubernetes quantity, e.g. `16Gi`.
   *
   * @defaultValue - not stated
   */
  readonly memory?: pulumi.Input<string>;
}

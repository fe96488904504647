import * as pulumi from "@pulumi/pulumi";

/**
 * The same value, without the resources that it comes from.
 *
 * @remarks
 * Pulumi replaces a resource of fixed name by deleting it first, and before that everything whose inputs come from it and
 * might have to be replaced as well. A server must not be deleted because the Job of a failed population is made anew:
 * it takes the Job's result detached, and waits for the Job by `dependsOn`.
 *
 * @param output - Any output. None that is secret: the copy would not be.
 */
export function detached<T>(output: pulumi.Output<T>): pulumi.Output<T> {
  // Not in the typings, but how the SDK itself hands outputs on; unknown values stay unknown.
  const { promise } = output as unknown as { promise: (withUnknowns: true) => Promise<T> };
  return pulumi.output(promise(true)) as pulumi.Output<T>;
}

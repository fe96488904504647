import { limitName } from "../plan/names";

/** Which part of the chain from storage to endpoint an object belongs to. */
export type ModelstoreComponent = "storage" | "volume" | "population" | "catalog" | "serving";

/**
 * The labels that every object of ours carries.
 *
 * @param component - The part of the chain.
 * @param application - What runs or lies there, e.g. `vllm`.
 * @param instance - Which one of them; shortened where it would not fit a label.
 * @see https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/
 */
export function modelstoreLabels(
  component: ModelstoreComponent,
  application: string,
  instance: string,
): Record<string, string> {
  return {
    ...selectorLabels(application, instance),
    "app.kubernetes.io/component": component,
    "app.kubernetes.io/managed-by": "modelstore",
    "app.kubernetes.io/part-of": "modelstore",
  };
}

/** The two labels that tell the pods of one server from all others; they never change, as selectors must not. */
export function selectorLabels(application: string, instance: string): Record<string, string> {
  return {
    "app.kubernetes.io/name": application,
    "app.kubernetes.io/instance": limitName(instance),
  };
}

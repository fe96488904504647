import type { V1CustomResourceDefinition } from "@kubernetes/client-node";
import { failed, ready, waiting, type Verdict } from "./verdict";

/** A definition is ready when the server serves its kind. */
export function definitionReadiness(definition: V1CustomResourceDefinition): Promise<Verdict> {
  const conditions = definition.status?.conditions ?? [];
  const established = conditions.some(
    ({ type, status }) => type === "Established" && status === "True",
  );
  if (established) return Promise.resolve(ready);
  const refused = conditions.find(
    ({ type, status }) => type === "NamesAccepted" && status === "False",
  );
  if (refused !== undefined)
    return Promise.resolve(failed(refused.message ?? "names not accepted"));
  return Promise.resolve(waiting("the kind is not served yet"));
}

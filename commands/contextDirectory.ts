import { join } from "node:path";

/** Where the workspace of an existing cluster's context lies: one folder a context, beside the embedded platform's. */
export function contextDirectory(state: string, context: string): string {
  return join(state, "contexts", encodeURIComponent(context));
}

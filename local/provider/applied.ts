import { setTimeout as sleep } from "node:timers/promises";
import { annotations, isAnnotated } from "./annotations";
import { ApiFailure, isNotFound } from "./apiFailure";
import type { JsonObject } from "./json";
import { describe, manifestFrom, referenceTo } from "./manifest";
import type { Session } from "./session";

/**
 * How long a missing kind or namespace may take to appear, in milliseconds: it is often being created by the same
 * program, without the program saying that one needs the other.
 */
const patience = 20_000;

/**
 * Makes the object as the inputs say, by server-side apply.
 * @param manager - who is recorded as having set the fields
 * @returns the object as it is now
 */
export async function applied(
  session: Session,
  urn: string,
  inputs: JsonObject,
  manager: string,
): Promise<JsonObject> {
  const manifest = manifestFrom(inputs);
  const object = referenceTo(manifest);
  const force = session.settings.patchForce || isAnnotated(inputs, annotations.patchForce);
  const remark = (warning: string): void => {
    session.log.warning(urn, `the server remarks: ${warning}`);
  };
  const deadline = Date.now() + patience;
  for (;;) {
    const late = Date.now() > deadline || session.canceled.aborted;
    try {
      const live = await session.cluster.apply(object, manifest, { force, manager, remark });
      if (live !== undefined) return live;
      if (late) throw new Error(unservedKind(object.apiVersion, object.kind));
      session.log.status(
        urn,
        `waiting for kind ${object.kind} of ${object.apiVersion} to be served`,
      );
    } catch (error) {
      if (!isNotFound(error) || late) throw inUsersTerms(error, describe(object));
      session.log.status(urn, error instanceof Error ? error.message : String(error));
    }
    await sleep(500);
  }
}

/**
 * What applying would answer, without writing anything.
 * @returns nothing when only a real run can tell: the kind or namespace is yet to come, or dry runs are not allowed
 */
export async function dryRun(
  session: Session,
  inputs: JsonObject,
  manager: string,
): Promise<JsonObject | undefined> {
  const manifest = manifestFrom(inputs);
  const object = referenceTo(manifest);
  try {
    return await session.cluster.apply(object, manifest, { dryRun: true, force: true, manager });
  } catch (error) {
    if (error instanceof ApiFailure && (error.status === 404 || error.status === 403))
      return undefined;
    throw inUsersTerms(error, describe(object));
  }
}

/** Whether the server refuses because the old object stands where the new one will. */
export function isImmutable(error: unknown): boolean {
  return (
    error instanceof Error && /immutable|forbidden: updates to|may not change/i.test(error.message)
  );
}

function unservedKind(apiVersion: string, kind: string): string {
  return (
    `the cluster does not know kind ${JSON.stringify(kind)} of ${JSON.stringify(apiVersion)}; ` +
    "install its CustomResourceDefinition first, and let this resource depend on it"
  );
}

function inUsersTerms(error: unknown, object: string): unknown {
  if (!(error instanceof ApiFailure)) return error;
  const conflicts = error.conflicts;
  if (conflicts.length > 0) {
    return new Error(
      [
        `${object}: somebody else has set what this program sets:`,
        ...conflicts.map((conflict) => `  ${conflict}`),
        `take it over with the annotation ${annotations.patchForce}: "true", ` +
          "or leave it to them with ignoreChanges",
      ].join("\n"),
      { cause: error },
    );
  }
  const hint =
    error.status === 422 && isImmutable(error)
      ? "; what cannot change in place changes with a new object: name it in replaceOnChanges"
      : "";
  return new Error(`${object}: ${error.message}${hint}`, { cause: error });
}

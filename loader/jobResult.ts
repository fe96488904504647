import { readFile } from "node:fs/promises";
import https from "node:https";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { resultAnnotation, type JobReference, type PopulationResult } from "../plan/population";

/** How a pod reaches its API server. */
export interface ApiServer {
  readonly host: string;
  readonly port: string;
  /** A directory with a `token` and the `ca.crt` to trust. */
  readonly credentials: string;
}

/**
 * The API server of the pod that this process runs in.
 *
 * @returns nothing outside of a cluster
 */
export function ownApiServer(environment: NodeJS.ProcessEnv): ApiServer | undefined {
  const host = environment["KUBERNETES_SERVICE_HOST"];
  const port = environment["KUBERNETES_SERVICE_PORT"];
  if (host === undefined || port === undefined) return undefined;
  return { host, port, credentials: "/var/run/secrets/kubernetes.io/serviceaccount" };
}

/** The pauses between the attempts to write a result, in milliseconds. */
const pauses = [500, 1000, 2000];

/**
 * Writes the result into the annotation of a Job, where it stays when the pod is gone. It is tried a few times, since a
 * server follows a branch's new commit only where the Job tells of it.
 *
 * @throws Error of the last attempt
 */
export async function recordResult(
  result: PopulationResult,
  job: JobReference,
  server: ApiServer,
): Promise<void> {
  for (const pause of pauses) {
    try {
      await patchResult(result, job, server);
      return;
    } catch {
      // The last attempt, below, says why where all of them fail.
      await setTimeout(pause);
    }
  }
  await patchResult(result, job, server);
}

async function patchResult(
  result: PopulationResult,
  { namespace, name }: JobReference,
  { host, port, credentials }: ApiServer,
): Promise<void> {
  const [token, ca] = await Promise.all([
    readFile(join(credentials, "token"), "utf8"),
    readFile(join(credentials, "ca.crt")),
  ]);
  const body = JSON.stringify({
    metadata: { annotations: { [resultAnnotation]: JSON.stringify(result) } },
  });
  await new Promise<void>((resolve, reject) => {
    const request = https.request(
      {
        method: "PATCH",
        host,
        port,
        path: `/apis/batch/v1/namespaces/${namespace}/jobs/${name}`,
        ca,
        agent: false,
        timeout: 10_000,
        headers: {
          Authorization: `Bearer ${token.trim()}`,
          "Content-Type": "application/merge-patch+json",
          "Content-Length": Buffer.byteLength(body),
        },
      },
      (response) => {
        response.resume();
        response.on("error", reject);
        response.on("end", () => {
          if (response.statusCode === 200) resolve();
          else reject(new Error(`the API server answers ${response.statusCode ?? "nothing"}`));
        });
      },
    );
    request.on("timeout", () => request.destroy(new Error("the API server does not answer")));
    request.on("error", reject);
    request.end(body);
  });
}

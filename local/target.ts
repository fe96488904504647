/** Where `npm run up` brings the stack up: on the embedded platform, or on a cluster that is already there. */
export type Target =
  | { readonly kind: "embedded" }
  | { readonly kind: "cluster"; readonly context: string; readonly why: string };

/** What the choice depends on. */
export interface Surroundings {
  /** The context that the person named with `--context`. */
  readonly context?: string;
  /** `process.platform` */
  readonly platform: NodeJS.Platform;
  /** The effective user id; undefined where there is none. */
  readonly uid?: number;
  /** The contexts of the person's kubeconfig. */
  readonly contexts: readonly string[];
  /** The kubeconfig's current context, where it names one. */
  readonly currentContext?: string;
}

/** Says in one sentence why the embedded platform cannot run here; undefined where it can. */
export function embeddedObstacle({
  platform,
  uid,
}: Pick<Surroundings, "platform" | "uid">): string | undefined {
  if (platform !== "linux") {
    return `the embedded platform runs a kubelet, which needs Linux; this is ${platform}`;
  }
  if (uid !== 0) {
    return `the embedded platform makes namespaces and mounts, which needs root; this is uid ${uid ?? "unknown"}`;
  }
  return undefined;
}

/**
 * Chooses the target: the named context; else the embedded platform where it can run; else the kubeconfig's current
 * context.
 *
 * @throws Error when a named context does not exist, or when neither choice is left; the message says what to do.
 */
export function chooseTarget(surroundings: Surroundings): Target {
  const { context, contexts, currentContext } = surroundings;
  const known = contexts.length > 0 ? contexts.join(", ") : "none";
  if (context !== undefined) {
    if (!contexts.includes(context)) {
      throw new Error(
        `--context: got ${JSON.stringify(context)}, which is not in your kubeconfig; use one of its contexts: ${known}`,
      );
    }
    return { kind: "cluster", context, why: "--context" };
  }
  const obstacle = embeddedObstacle(surroundings);
  if (obstacle === undefined) return { kind: "embedded" };
  if (currentContext !== undefined && contexts.includes(currentContext)) {
    return { kind: "cluster", context: currentContext, why: obstacle };
  }
  throw new Error(
    `${obstacle}; any existing cluster serves as well, but your kubeconfig names no current context (contexts: ${known}); run: npm run up -- --context NAME`,
  );
}

import { createHash } from "node:crypto";

/** The longest DNS label, and so the longest name of what becomes a label value or a host name. */
export const maxLabelLength = 63;

/**
 * Why a text cannot name a Kubernetes object that appears in host names or labels, or undefined when it can.
 *
 * @see https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names
 */
export function dnsLabelProblem(name: string): string | undefined {
  if (name.length > maxLabelLength) {
    return `got ${JSON.stringify(name)} (${name.length} characters), expected at most ${maxLabelLength}`;
  }
  if (!/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(name)) {
    return `got ${JSON.stringify(name)}, expected lower-case letters, digits and hyphens, beginning and ending with a letter or digit`;
  }
  return undefined;
}

/**
 * Why a text cannot name a Service, or undefined when it can: its name is a host name of the older kind, which begins with
 * a letter.
 *
 * @see https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#rfc-1035-label-names
 */
export function serviceNameProblem(name: string): string | undefined {
  const problem = dnsLabelProblem(name);
  if (problem !== undefined || /^[a-z]/.test(name)) return problem;
  return `got ${JSON.stringify(name)}, expected a name that begins with a letter, as a Service's must`;
}

/**
 * Why a text cannot name an object that may hold dots (StorageClass, claim, Secret), or undefined when it can.
 *
 * @see https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-subdomain-names
 */
export function dnsSubdomainProblem(name: string): string | undefined {
  const label = "[a-z0-9]([a-z0-9-]*[a-z0-9])?";
  if (name.length > 253) {
    return `got ${JSON.stringify(name)} (${name.length} characters), expected at most 253`;
  }
  if (!new RegExp(`^${label}(\\.${label})*$`).test(name)) {
    return `got ${JSON.stringify(name)}, expected lower-case letters, digits, hyphens and dots, each part beginning and ending with a letter or digit`;
  }
  return undefined;
}

/** The first hexadecimal digits of a text's SHA-256. */
export function contentHash(content: string, digits = 10): string {
  return createHash("sha256").update(content).digest("hex").slice(0, digits);
}

/**
 * The name itself when it fits, else its beginning and a hash of the whole: equal names stay equal, different ones different.
 *
 * @param name - Any valid name, of any length.
 * @param maxLength - Characters that may be used; at least 10.
 */
export function limitName(name: string, maxLength: number = maxLabelLength): string {
  if (name.length <= maxLength) return name;
  const suffix = contentHash(name, 8);
  const head = name.slice(0, maxLength - suffix.length - 1).replace(/[-.]+$/, "");
  return `${head}-${suffix}`;
}

/** The name of a part of something, `name-role`, shortened in `name` where it would pass 63 characters. */
export function roleName(name: string, role: string): string {
  return `${limitName(name, maxLabelLength - role.length - 1)}-${role}`;
}

/**
 * A name that changes exactly when the content does, for objects that Kubernetes does not let change (a Job's template,
 * an immutable ConfigMap): a new content makes a new object, the same content makes none.
 */
export function contentHashName(name: string, content: string): string {
  return roleName(name, contentHash(content));
}

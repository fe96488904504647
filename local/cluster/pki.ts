import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { kubernetesServiceAddress, nodeName } from "./layout";
import { run } from "../runProgram";

/** A private key and the certificate for it, as files. */
export interface KeyPair {
  readonly key: string;
  readonly certificate: string;
}

/** A component's identity at the API server: its user name and groups. */
interface Identity {
  readonly user: string;
  readonly groups?: readonly string[];
}

/**
 * Who talks to the API server. Kubernetes' own components have the names that its built-in roles are bound to; the CSI
 * sidecars have those of the service accounts that their upstream RBAC manifests are written for.
 */
const identities = {
  administrator: { user: "modelstore:administrator", groups: ["system:masters"] },
  supervisor: { user: "modelstore:supervisor", groups: ["system:masters"] },
  "kubelet-client": { user: "modelstore:kubelet-client", groups: ["system:masters"] },
  "kube-controller-manager": { user: "system:kube-controller-manager" },
  "kube-scheduler": { user: "system:kube-scheduler" },
  kubelet: { user: `system:node:${nodeName}`, groups: ["system:nodes"] },
  "kube-proxy": { user: "system:kube-proxy" },
  "csi-provisioner": { user: "system:serviceaccount:default:csi-provisioner" },
  "csi-attacher": { user: "system:serviceaccount:default:csi-attacher" },
  "csi-resizer": { user: "system:serviceaccount:default:csi-resizer" },
  "csi-snapshotter": { user: "system:serviceaccount:default:csi-snapshotter" },
  "snapshot-controller": { user: "system:serviceaccount:kube-system:snapshot-controller" },
  kwok: { user: "modelstore:kwok" },
} as const satisfies Record<string, Identity>;

/** A component that has its own identity at the API server. */
export type Client = keyof typeof identities;

/** All components that have an identity of their own. */
export const clients = Object.keys(identities) as Client[];

/** The node's certificates. */
export interface Pki {
  /** Certificate of the authority that signed all others. */
  readonly authority: string;
  /** Signs the service accounts' tokens. */
  readonly serviceAccountKey: string;
  /** What the API server, the kubelet, the controller manager and the scheduler identify themselves with. */
  readonly serving: KeyPair;
  readonly client: (name: Client) => KeyPair;
}

/** Where the certificates of a node lie. */
export function pkiIn(folder: string): Pki {
  return {
    authority: join(folder, "authority.crt"),
    serviceAccountKey: join(folder, "service-account.key"),
    serving: keyPair(folder, "serving"),
    client: (name) => keyPair(folder, name),
  };
}

function keyPair(folder: string, name: string): KeyPair {
  return { key: join(folder, `${name}.key`), certificate: join(folder, `${name}.crt`) };
}

const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc"];
const tenYears = ["-days", "3650"];

/**
 * Makes the node's certificates: authority and service account key once, all others anew, so that they name the node's
 * present address.
 */
export async function makePki(folder: string, nodeAddress: string): Promise<Pki> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // The system's own configuration would add extensions that a serving certificate must not have.
  const configuration = join(folder, "openssl.cnf");
  writeFileSync(configuration, "[req]\ndistinguished_name = name\n[name]\n");
  const request = ["req", "-x509", "-config", configuration, ...tenYears];

  const pki = pkiIn(folder);
  const authorityKey = join(folder, "authority.key");
  if (!existsSync(pki.authority)) {
    await run("openssl", [
      ...request,
      ...curve,
      ...["-keyout", authorityKey, "-out", pki.authority, "-subj", "/CN=modelstore embedded node"],
      ...["-addext", "basicConstraints=critical,CA:TRUE"],
      ...["-addext", "keyUsage=critical,keyCertSign,cRLSign"],
      ...["-addext", "subjectKeyIdentifier=hash"],
    ]);
  }
  if (!existsSync(pki.serviceAccountKey)) {
    await run("openssl", ["genrsa", "-out", pki.serviceAccountKey, "2048"]);
  }

  const issue = async (pair: KeyPair, subject: string, extensions: string[]): Promise<void> => {
    await run("openssl", [
      ...request,
      ...curve,
      ...["-CA", pki.authority, "-CAkey", authorityKey],
      ...["-keyout", pair.key, "-out", pair.certificate, "-subj", subject],
      ...["-addext", "basicConstraints=critical,CA:FALSE"],
      ...["-addext", "keyUsage=critical,digitalSignature"],
      ...extensions.flatMap((extension) => ["-addext", extension]),
    ]);
  };
  const names = ["kubernetes", "kubernetes.default", "kubernetes.default.svc"];
  const hosts = [nodeName, "localhost", ...names, "kubernetes.default.svc.cluster.local"];
  const addresses = [nodeAddress, "127.0.0.1", kubernetesServiceAddress];
  const alternatives = [
    ...hosts.map((host) => `DNS:${host}`),
    ...addresses.map((ip) => `IP:${ip}`),
  ];
  await Promise.all([
    issue(pki.serving, `/CN=${nodeName}`, [
      "extendedKeyUsage=serverAuth",
      `subjectAltName=${alternatives.join(",")}`,
    ]),
    ...clients.map((name) =>
      issue(pki.client(name), subjectOf(identities[name]), ["extendedKeyUsage=clientAuth"]),
    ),
  ]);
  return pki;
}

function subjectOf({ user, groups = [] }: Identity): string {
  return [...groups.map((group) => `/O=${group}`), `/CN=${user}`].join("");
}

import { readFileSync, writeFileSync } from "node:fs";
import type { KeyPair, Pki } from "./pki";

/** Name of the cluster, the user and the context in the kubeconfig files. */
export const contextName = "modelstore";

/** Writes a kubeconfig that holds its certificates itself, readable by its owner only. */
export function writeKubeconfig(file: string, server: string, pki: Pki, client: KeyPair): void {
  const base64 = (path: string): string => readFileSync(path).toString("base64");
  const kubeconfig = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      {
        name: contextName,
        cluster: { server, "certificate-authority-data": base64(pki.authority) },
      },
    ],
    users: [
      {
        name: contextName,
        user: {
          "client-certificate-data": base64(client.certificate),
          "client-key-data": base64(client.key),
        },
      },
    ],
    contexts: [{ name: contextName, context: { cluster: contextName, user: contextName } }],
    "current-context": contextName,
  };
  // JSON is YAML, and kubeconfig readers take either.
  writeFileSync(file, `${JSON.stringify(kubeconfig, undefined, 2)}\n`, { mode: 0o600 });
}

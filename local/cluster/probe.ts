import { connect } from "node:net";
import type { ApiClient } from "./apiClient";

/** A sign by which a service shows that it is ready. */
export type Probe =
  /** Its process lives: for programs that show nothing else. */
  | { readonly kind: "running" }
  /** Something listens at the Unix socket. */
  | { readonly kind: "socket"; readonly path: string }
  /** Something listens at the port of the node's loopback address. */
  | { readonly kind: "port"; readonly port: number }
  /** The URL answers 200. */
  | { readonly kind: "http"; readonly url: string }
  /** The URL answers 200 and shows a certificate of the node's authority. */
  | { readonly kind: "https"; readonly url: string }
  /** The API server answers 200 at the path. */
  | { readonly kind: "api"; readonly path: string };

/** Looks once; says whether the sign is there. */
export async function isReady(probe: Probe, api: ApiClient): Promise<boolean> {
  switch (probe.kind) {
    case "running":
      return true;
    case "socket":
      return accepts({ path: probe.path });
    case "port":
      return accepts({ host: "127.0.0.1", port: probe.port });
    case "http":
      return answers(async () => (await fetch(probe.url)).status);
    case "https":
      return answers(async () => (await api.call(probe.url)).status);
    case "api":
      return answers(async () => (await api.call(probe.path)).status);
  }
}

/** Whatever goes wrong with the request means the same here: not ready yet. */
async function answers(status: () => Promise<number>): Promise<boolean> {
  return status().then(
    (code) => code === 200,
    () => false,
  );
}

function accepts(address: { path: string } | { host: string; port: number }): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(address, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => {
      resolve(false);
    });
  });
}

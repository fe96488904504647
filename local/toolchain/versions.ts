/**
 * The versions of everything that the embedded platform is built from.
 *
 * The versions of Go modules stand in their `go.mod`, too, where Go reads them; a test keeps the two alike.
 */
export const versions = {
  etcd: "v3.6.8",
  kubernetes: "v1.36.3",
  kwok: "v0.7.0",
  csiAttacher: "v4.12.0",
  csiProvisioner: "v6.3.0",
  csiResizer: "v2.2.0",
  csiSnapshotter: "v8.6.0",
  csiDriver: "v0.1.0",
  pulumi: "v3.259.0",
  /** The last release of Pulumi's SDK whose module contains the language host. */
  pulumiLanguageNodejs: "v3.68.0",
  pulumiKubernetes: "4.34.2",
} as const;

/** A Go that is fetched when the machine has none that is new enough. */
export const goToolchain = {
  version: "1.26.8",
  /**
   * Hashes of the module `golang.org/toolchain` by architecture, as sum.golang.org has them.
   *
   * @see https://go.dev/ref/mod#go-sum-files
   */
  hashes: {
    amd64: "h1:ZOmGe1OnfREDMIdb1Qi4G9JSuDPBLGExZMQ4nis1RXM=",
    arm64: "h1:sYL/O6MqS68ML0kjsQ36WoYIpJqkw60TxizWUYUKQMc=",
  },
} as const;

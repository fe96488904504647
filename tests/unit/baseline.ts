/** A stack's configuration as it reaches the program: anything at all, until it has been read. */
export type RawConfig = Record<string, unknown>;

/** What to put in the place of what, by path: `{ "models.llama.serve.replicas": 3 }`; undefined takes it away. */
export type Changes = Readonly<Record<string, unknown>>;

/** A commit, for sources that do not move. */
export const commit = "0e9e39f249a16976918f6564b8830bc894c89659";

/**
 * A configuration without problems and without much else: tests break one thing in it.
 *
 * @param changes - What is different; maps on the way to it are made.
 */
export function baseline(changes: Changes = {}): RawConfig {
  const config: RawConfig = {
    cluster: { namespace: "models" },
    storage: {
      disk: { type: "local", provisioner: "rancher.io/local-path" },
      block: { type: "existing", storageClassName: "gp3", accessModes: ["RWO", "RWOP"] },
      shared: { type: "existing", storageClassName: "efs", accessModes: ["RWX", "RWO", "ROX"] },
    },
    volumes: { weights: { storage: "shared", size: "500Gi" } },
    models: {
      llama: {
        source: `hf://meta-llama/Llama-3.1-8B-Instruct@${commit}`,
        volume: "weights",
        serve: { replicas: 2 },
      },
    },
  };
  for (const [path, value] of Object.entries(changes)) change(config, path.split("."), value);
  return config;
}

function change(map: RawConfig, [key, ...rest]: readonly string[], value: unknown): void {
  if (key === undefined) return;
  if (rest.length === 0 && value === undefined) {
    // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- a key that is absent, not one without a value.
    delete map[key];
  } else if (rest.length === 0) {
    map[key] = value;
  } else {
    map[key] ??= {};
    change(map[key] as RawConfig, rest, value);
  }
}

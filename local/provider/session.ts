import type { Cluster } from "./cluster";
import type { Settings } from "./configure";
import type { EngineLog } from "./engineLog";

/** One configured run of the plugin. */
export interface Session {
  readonly settings: Settings;
  readonly cluster: Cluster;
  readonly log: EngineLog;
  /** Raised when the engine calls everything off. */
  readonly canceled: AbortSignal;
}

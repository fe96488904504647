import * as grpc from "@grpc/grpc-js";
import { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { LogRequest, LogSeverity } from "@pulumi/pulumi/proto/engine_pb";

/** The engine's log, as shown beside the resource. */
export class EngineLog {
  private readonly engine: EngineClient;

  /** @param address - where the engine listens */
  constructor(address: string) {
    this.engine = new EngineClient(address, grpc.credentials.createInsecure());
  }

  /** Says what is going on now; the next such message takes its place. */
  status(urn: string, message: string): void {
    this.send(LogSeverity.INFO, urn, message, true);
  }

  /** Says something worth keeping. */
  info(urn: string, message: string): void {
    this.send(LogSeverity.INFO, urn, message, false);
  }

  /** Says something worth worrying about. */
  warning(urn: string, message: string): void {
    this.send(LogSeverity.WARNING, urn, message, false);
  }

  private send(severity: LogSeverity, urn: string, message: string, ephemeral: boolean): void {
    const request = new LogRequest()
      .setSeverity(severity)
      .setUrn(urn)
      .setMessage(message)
      .setEphemeral(ephemeral);
    this.engine.log(request, (error) => {
      // The message still reaches a person: the engine shows what a plugin writes there.
      if (error !== null) process.stderr.write(`${message}\n`);
    });
  }
}

import * as grpc from "@grpc/grpc-js";
import { ErrorResourceInitFailed } from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { Any } from "google-protobuf/google/protobuf/any_pb";
import { PartialFailure } from "./partialFailure";
import { encode } from "./properties";

/** An error as the engine understands it: a message, and for a partial failure the object to keep. */
export function grpcFailure(error: unknown): grpc.ServerErrorResponse {
  const failure = error instanceof Error ? error : new Error(String(error));
  const metadata = new grpc.Metadata();
  if (failure instanceof PartialFailure) {
    const detail = new ErrorResourceInitFailed()
      .setId(failure.id)
      .setProperties(encode(failure.properties))
      .setReasonsList([failure.message]);
    if (failure.inputs !== undefined) detail.setInputs(encode(failure.inputs));
    const packed = new Any();
    packed.pack(detail.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
    const status = new Status().setCode(grpc.status.UNKNOWN).setMessage(failure.message);
    status.addDetails(packed);
    // The field in which gRPC carries structured details.
    metadata.add("grpc-status-details-bin", Buffer.from(status.serializeBinary()));
  }
  return Object.assign(failure, { code: grpc.status.UNKNOWN, details: failure.message, metadata });
}

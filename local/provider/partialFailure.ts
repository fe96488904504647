import type { JsonObject } from "./json";

/** An object exists, is kept in the state, and is not as it should be. */
export class PartialFailure extends Error {
  /**
   * @param id - the resource's ID
   * @param properties - the object as last seen
   * @param cause - what is wrong
   * @param inputs - the inputs as they are in the cluster, for a refresh
   */
  constructor(
    readonly id: string,
    readonly properties: JsonObject,
    cause: Error,
    readonly inputs?: JsonObject,
  ) {
    super(cause.message, { cause });
    this.name = "PartialFailure";
  }
}

import { at, textAt, type Json } from "./json";

/** A refusal by the API server, in the server's own words. */
export class ApiFailure extends Error {
  /** Kubernetes' one-word reason, such as `NotFound`, `Conflict`, `Invalid`. */
  readonly reason: string;

  /**
   * @param request - what was asked, such as `PATCH /api/v1/namespaces/x`
   * @param status - the HTTP status
   * @param body - the answer: a `Status` object, or whatever a proxy in between said
   */
  constructor(
    request: string,
    readonly status: number,
    readonly body: Json,
  ) {
    const said = textAt(body, "message") ?? (typeof body === "string" ? body.trim() : "");
    super(said === "" ? `${request} was answered with HTTP ${status}` : said);
    this.name = "ApiFailure";
    this.reason = textAt(body, "reason") ?? "";
  }

  /** What the refusal is about: kind and name as the server gives them. */
  get subject(): { kind: string | undefined; name: string | undefined } {
    return {
      kind: textAt(this.body, "details", "kind"),
      name: textAt(this.body, "details", "name"),
    };
  }

  /** The fields that another manager owns, for a server-side apply that would take them over. */
  get conflicts(): string[] {
    const causes = at(this.body, "details", "causes");
    if (!Array.isArray(causes)) return [];
    return causes.flatMap((cause) => {
      if (textAt(cause, "reason") !== "FieldManagerConflict") return [];
      return [
        `${textAt(cause, "field") ?? "?"}: ${textAt(cause, "message") ?? "owned by another"}`,
      ];
    });
  }
}

/** Whether the error is the server's answer that the object, or its namespace, is not there. */
export function isNotFound(error: unknown): boolean {
  return error instanceof ApiFailure && error.status === 404;
}

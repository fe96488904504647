import type { IncomingMessage, RequestListener } from "node:http";
import { Refusal } from "./answer";
import type { Faults } from "./faults";
import { parseJson, readBody } from "./requestBody";
import type { RequestLog } from "./requests";

/** Whether a request is for whoever runs the hub: such are neither logged nor struck by faults. */
export function isControl(request: IncomingMessage): boolean {
  return request.url?.startsWith("/_") === true;
}

/**
 * Faults and the log for tests in other processes:
 * `POST /_fault` adds the fault in the body, `GET /_requests` lists the requests, `POST /_reset` forgets both.
 */
export function controlListener(faults: Faults, log: RequestLog): RequestListener {
  return (request, response) => {
    const send = (status: number, document: unknown): void => {
      response.writeHead(status, { "Content-Type": "application/json" });
      response.end(JSON.stringify(document));
    };
    control(request, faults, log).then(
      (document) => {
        send(200, document);
      },
      (error: unknown) => {
        send(error instanceof Refusal ? error.status : 500, { error: (error as Error).message });
      },
    );
  };
}

async function control(
  request: IncomingMessage,
  faults: Faults,
  log: RequestLog,
): Promise<unknown> {
  switch (`${request.method ?? ""} ${request.url ?? ""}`) {
    case "POST /_fault":
      addFault(faults, parseJson(await readBody(request)));
      return {};
    case "GET /_requests":
      return log.requests;
    case "POST /_reset":
      faults.clear();
      log.clear();
      return {};
    default:
      throw new Refusal(404, "the control paths are POST /_fault, GET /_requests, POST /_reset");
  }
}

function addFault(faults: Faults, fault: unknown): void {
  if (typeof fault !== "object" || fault === null || Array.isArray(fault)) {
    throw new Refusal(400, "a fault is a JSON object");
  }
  try {
    faults.add(fault);
  } catch (error) {
    if (error instanceof TypeError) throw new Refusal(400, error.message);
    throw error;
  }
}

import { request } from "node:https";
import { type RequestOptions } from "node:https";
import { setTimeout as pause } from "node:timers/promises";
import { type KubeConfig } from "@kubernetes/client-node";

/** A model server's Service. */
export interface ServiceAddress {
  readonly namespace: string;
  readonly name: string;
  readonly port: number;
}

/**
 * Reads a Service's address out of the URL that a stack gives as a model's endpoint.
 *
 * @param endpoint - such as `http://llama.models.svc.cluster.local:8000/v1`
 */
export function parseEndpoint(endpoint: string): ServiceAddress {
  const url = new URL(endpoint);
  const [name, namespace] = url.hostname.split(".");
  if (name === undefined || namespace === undefined) {
    throw new Error(
      `endpoint: got ${JSON.stringify(endpoint)}, expected the URL of a Service in the cluster`,
    );
  }
  return { namespace, name, port: Number(url.port || 80) };
}

/**
 * Asks a model server in the cluster for one completion, through the API server's proxy: so it works from wherever
 * kubectl does, with no port opened.
 *
 * @returns the text that the model added to the prompt
 * @see https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html
 */
export async function complete(
  cluster: KubeConfig,
  service: ServiceAddress,
  body: { readonly model: string; readonly prompt: string; readonly max_tokens: number },
): Promise<string> {
  const path = `/api/v1/namespaces/${service.namespace}/services/${service.name}:${service.port}/proxy/v1/completions`;
  const question = JSON.stringify({ ...body, temperature: 0 });
  const answer = await untilEndpoints(() => post(cluster, path, question));
  const { choices } = JSON.parse(answer) as { choices: { text: string }[] };
  const text = choices[0]?.text;
  if (text === undefined) throw new Error(`the model server answered without a choice: ${answer}`);
  return text;
}

/** How long a Service may take to hear of its ready pods, in milliseconds. */
const patience = 20_000;

/** Asks again while the API server knows no pod behind the Service: it hears of a ready one a moment after others do. */
async function untilEndpoints(ask: () => Promise<Answer>): Promise<string> {
  const end = Date.now() + patience;
  for (;;) {
    const { status, text } = await ask();
    if (status === 200) return text;
    if (status !== 503 || Date.now() > end) {
      throw new Error(`the model server's Service answered ${status}: ${text}`);
    }
    await pause(200);
  }
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

async function post(cluster: KubeConfig, path: string, body: string): Promise<Answer> {
  const server = cluster.getCurrentCluster()?.server;
  if (server === undefined) throw new Error("the kubeconfig's current context names no cluster");
  const options: RequestOptions = {
    method: "POST",
    headers: { "content-type": "application/json" },
    timeout: 120_000,
  };
  await cluster.applyToHTTPSOptions(options);
  return new Promise((resolve, reject) => {
    const call = request(new URL(path, server), options, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part: string) => (text += part));
      response.on("error", reject);
      response.on("end", () => {
        resolve({ status: response.statusCode ?? 0, text });
      });
    });
    call.on("timeout", () => call.destroy(new Error(`${path} did not answer within 120 s`)));
    call.on("error", reject);
    call.end(body);
  });
}

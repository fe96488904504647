import { request } from "node:https";
import { type RequestOptions } from "node:https";
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
  const answer = await post(cluster, path, JSON.stringify({ ...body, temperature: 0 }));
  const { choices } = JSON.parse(answer) as { choices: { text: string }[] };
  const text = choices[0]?.text;
  if (text === undefined) throw new Error(`the model server answered without a choice: ${answer}`);
  return text;
}

async function post(cluster: KubeConfig, path: string, body: string): Promise<string> {
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
        if (response.statusCode === 200) resolve(text);
        else reject(new Error(`${path} answered ${response.statusCode ?? "nothing"}: ${text}`));
      });
    });
    call.on("timeout", () => call.destroy(new Error(`${path} did not answer within 120 s`)));
    call.on("error", reject);
    call.end(body);
  });
}

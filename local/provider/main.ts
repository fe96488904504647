/**
 * The offline stand-in for the Kubernetes plugin of the Pulumi engine, for machines that can neither find nor install
 * the genuine one. It speaks the same protocol and applies the same objects to the same cluster, with the genuine
 * plugin's rules for names, replacement, waiting and what is kept in the state.
 *
 * It deliberately lacks Helm charts and releases, the YAML and Kustomize components, Patch resources, `get` of lists,
 * rendering to files, client-side apply, `pulumi.com/waitFor`, waiting for Ingresses, and deprecation warnings.
 *
 * @see https://www.pulumi.com/registry/packages/kubernetes/
 */
import * as grpc from "@grpc/grpc-js";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { EngineLog } from "./engineLog";
import { title, version } from "./identity";
import { providerService } from "./service";

/** Messages hold whole states: 400 MB, as the engine's own plugins allow. */
const messageLimit = 400 * 1024 * 1024;

function main(): void {
  const [first] = process.argv.slice(2);
  if (first === "--version" || first === "version") {
    process.stdout.write(`${version} (${title})\n`);
    return;
  }
  const address = process.argv.slice(2).find((argument) => /^[^-][^=]*:\d+$/.test(argument));
  if (address === undefined) {
    process.stderr.write(
      `${title} ${version}: expected the address of a Pulumi engine as argument; the engine starts this program, ` +
        "people do not\n",
    );
    process.exitCode = 64;
    return;
  }
  const log = new EngineLog(address);
  log.info("", `using ${title} (${version})`);
  const server = new grpc.Server({
    "grpc.max_receive_message_length": messageLimit,
    "grpc.max_send_message_length": messageLimit,
  });
  server.addService(ResourceProviderService, providerService(log));
  server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
    if (error !== null) {
      process.stderr.write(`${title}: cannot listen on loopback: ${error.message}\n`);
      process.exitCode = 1;
      return;
    }
    // The engine reads the port from the first line.
    process.stdout.write(`${port}\n`);
  });
}

main();

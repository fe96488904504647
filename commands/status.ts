/** `npm run status`: how the embedded platform is doing: its cluster's services and tasks. */
import { clusterStatus } from "../local/cluster/cluster";
import { formatParts } from "../local/cluster/status";
import { stateDirectory } from "../local/paths";
import { runCommand } from "./commandError";

// eslint-disable-next-line @typescript-eslint/require-await -- a command's main function is asynchronous
runCommand(async () => {
  const { phase, parts, address, kubeconfig } = clusterStatus(stateDirectory());
  process.stdout.write(`the embedded cluster is ${phase}\n`);
  if (parts.length === 0) return;
  process.stdout.write(
    `node at ${address ?? "no address"}, kubeconfig at ${kubeconfig}\n\n${formatParts(parts)}\n`,
  );
});

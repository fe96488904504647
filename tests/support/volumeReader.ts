import { type Shell } from "./shell";

/** Looks into a volume as a server would: from a restricted pod that mounts its claim read-only. */
export class VolumeReader {
  private pods = 0;

  constructor(
    private readonly shell: Shell,
    private readonly namespace: string,
    private readonly claim: string,
  ) {}

  /** Runs a shell script in the volume's root and returns its output. @throws Error when it does not end with 0. */
  async output(script: string): Promise<string> {
    this.pods += 1;
    const name = `reader-${this.pods}`;
    const kubectl = `kubectl --namespace ${this.namespace}`;
    const manifest = JSON.stringify(await this.pod(name, script));
    await this.shell.platformOutput(`${kubectl} create -f - <<'POD'\n${manifest}\nPOD`);
    try {
      await this.shell.platformOutput(
        `${kubectl} wait pod ${name} --for=jsonpath='{.status.containerStatuses[0].state.terminated}' --timeout=60s`,
      );
      const log = await this.shell.platformOutput(`${kubectl} logs ${name}`);
      const code = await this.shell.platformOutput(
        `${kubectl} get pod ${name} -o jsonpath='{.status.containerStatuses[0].state.terminated.exitCode}'`,
      );
      if (code !== "0") throw new Error(`${script}\nended with ${code}\n${log}`);
      return log;
    } finally {
      await this.shell.platformOutput(`${kubectl} delete pod ${name} --wait`);
    }
  }

  private async pod(name: string, script: string): Promise<object> {
    return {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name },
      spec: {
        restartPolicy: "Never",
        automountServiceAccountToken: false,
        securityContext: {
          runAsNonRoot: true,
          runAsUser: 1000,
          seccompProfile: { type: "RuntimeDefault" },
        },
        containers: [
          {
            name: "reader",
            image: await this.loaderImage(),
            command: ["sh", "-ec", script],
            workingDir: "/volume",
            securityContext: {
              allowPrivilegeEscalation: false,
              capabilities: { drop: ["ALL"] },
            },
            volumeMounts: [{ name: "volume", mountPath: "/volume", readOnly: true }],
          },
        ],
        volumes: [
          { name: "volume", persistentVolumeClaim: { claimName: this.claim, readOnly: true } },
        ],
      },
    };
  }

  /** The image that the population Jobs ran in: it is there already, and has a shell. */
  private loaderImage(): Promise<string> {
    return this.shell.platformOutput(
      `kubectl --namespace ${this.namespace} get jobs -o jsonpath='{.items[0].spec.template.spec.containers[0].image}'`,
    );
  }
}

/** What `pulumi stack output --json` gives: the part that the summary shows. */
export interface StackOutputs {
  readonly models: Readonly<
    Record<
      string,
      {
        readonly claim: string;
        readonly namespace: string;
        readonly path: string;
        readonly uri: string;
        readonly source: string;
        readonly revision: string | null;
        readonly files: number | null;
        readonly bytes: number | null;
        readonly endpoint: string | null;
        readonly servedModelName: string | null;
      }
    >
  >;
  readonly volumes: Readonly<
    Record<
      string,
      {
        readonly claim: string;
        readonly namespace: string;
        readonly accessModes: readonly string[];
        readonly capacity: string;
        readonly storageClass: string | null;
      }
    >
  >;
  readonly warnings: readonly string[];
}

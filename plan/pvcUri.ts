/**
 * The `pvc://` URI of a directory in a claim, as OME reads it.
 *
 * OME demands the claim's namespace from a ClusterBaseModel and refuses it from a BaseModel, and cannot address the root
 * of a volume.
 *
 * @param claimName - Name of the claim.
 * @param path - Directory in the volume, relative and not empty.
 * @param namespace - The claim's namespace, where the reader may be in another one.
 */
export function pvcUri(claimName: string, path: string, namespace?: string): string {
  return `pvc://${namespace === undefined ? "" : `${namespace}:`}${claimName}/${path}`;
}

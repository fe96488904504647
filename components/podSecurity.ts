import { loaderUser } from "../plan/population";

/**
 * The pod-level half of Kubernetes' `restricted` profile, as the user that owns the files on the volume.
 *
 * Loader and server share that user: NFS-like volumes ignore `fsGroup`, so a server of another user would depend on
 * world-readable files.
 *
 * @see https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
 */
export const restrictedPod = {
  runAsNonRoot: true,
  runAsUser: loaderUser,
  runAsGroup: loaderUser,
  fsGroup: loaderUser,
  // A recursive change of ownership would walk every file of the volume at every start.
  fsGroupChangePolicy: "OnRootMismatch",
  seccompProfile: { type: "RuntimeDefault" },
} as const;

/** The container-level half of the `restricted` profile, with a read-only root file system on top. */
export const restrictedContainer = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ["ALL"] },
};

import type { Recipe } from "./image";
import { addBaseFiles } from "./rootFiles";

/**
 * Holds a pod's namespaces open: sleeps until told to end, and buries processes whose parents are gone, where a pod
 * shares its process namespace. Stands in for registry.k8s.io/pause.
 */
export const pauseImage: Recipe = {
  name: "localhost/modelstore/pause:1",
  packages: ["busybox-static", "tini"],
  configuration: {
    Entrypoint: ["/usr/bin/tini-static", "--", "/usr/bin/busybox", "sleep", "infinity"],
  },
  source: __filename,
  finish: addBaseFiles,
};

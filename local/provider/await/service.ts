import type { V1EndpointSlice, V1Service } from "@kubernetes/client-node";
import { metadataOf } from "./metadata";
import { ready, waiting, type Surroundings, type Verdict } from "./verdict";

/** How long a Service may have no pod behind it before that is taken as meant, in milliseconds. */
const settling = 10_000;

/** A Service is ready when every pod behind it is, and when its load balancer has an address. */
export async function serviceReadiness(
  service: V1Service,
  { cluster }: Surroundings,
): Promise<Verdict> {
  const { name, namespace, created } = metadataOf(service);
  const spec = service.spec;
  if (spec?.type === "LoadBalancer" && !service.status?.loadBalancer?.ingress?.length) {
    return waiting("the load balancer has no address yet; does this cluster provide any?");
  }
  const hasPods = Object.keys(spec?.selector ?? {}).length > 0;
  if (!hasPods || spec?.type === "ExternalName" || spec?.clusterIP === "None") return ready;

  const slices = (await cluster.list("discovery.k8s.io/v1", "EndpointSlice", namespace, {
    labelSelector: `kubernetes.io/service-name=${name}`,
  })) as unknown as V1EndpointSlice[];
  const endpoints = slices.flatMap((slice) => slice.endpoints);
  const unready = endpoints.filter(({ conditions }) => conditions?.ready === false);
  if (unready.length > 0) {
    return waiting(`${unready.length} of ${endpoints.length} pods behind it are not ready`);
  }
  const age = Date.now() - Date.parse(created);
  if (endpoints.length > 0 || age > settling) return ready;
  return waiting("no pod is behind it yet; do the selector and the pods' labels agree?");
}

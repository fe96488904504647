import { alone } from "../alone";
import { run } from "../runProgram";
import { eventually } from "./processes";

/** The two ends of the link between the machine and an embedded node. */
export interface Link {
  /** Name of the machine's end. */
  readonly name: string;
  /** Name of the node's end, as long as it is on the machine. */
  readonly peer: string;
  /** N of 10.213.N.0/30, from 0 to 255. */
  readonly number: number;
  readonly machineAddress: string;
  readonly nodeAddress: string;
}

/** Name of the node's end of the link within the node. */
const nodeEnd = "eth0";

/** The link of the node with this id on the network with this number. */
export function linkOf(id: string, number: number): Link {
  return {
    name: `ms-${id}`,
    peer: `mn-${id}`,
    number,
    machineAddress: `10.213.${number}.1`,
    nodeAddress: `10.213.${number}.2`,
  };
}

interface AddressInfo {
  readonly ifname: string;
  readonly addr_info: readonly { readonly local?: string }[];
}

interface RouteInfo {
  readonly dst: string;
  readonly dev?: string;
}

/**
 * A network number that nothing on this machine uses: the preferred one if that is free.
 *
 * @param used - numbers in use
 * @throws Error when all 256 are in use
 */
export function freeNumber(used: ReadonlySet<number>, preferred: number): number {
  for (let step = 0; step < 256; step++) {
    const number = (preferred + step) % 256;
    if (!used.has(number)) return number;
  }
  throw new Error(
    "the networks 10.213.0.0/30 to 10.213.255.0/30 are all in use, and an embedded node needs one; " +
      "stop one that you do not need (npm run down in its checkout), or see: ip route show root 10.213.0.0/16",
  );
}

/** The numbers of all networks in 10.213.0.0/16 that this machine has addresses in or routes to. */
async function usedNumbers(): Promise<Set<number>> {
  const addresses = JSON.parse(await run("ip", ["-j", "-4", "address"])) as AddressInfo[];
  const routes = JSON.parse(
    await run("ip", ["-j", "-4", "route", "show", "table", "all"]),
  ) as RouteInfo[];
  const seen = [
    ...addresses.flatMap((link) => link.addr_info.map((info) => info.local ?? "")),
    ...routes.map((route) => route.dst),
  ];
  const numbers = seen.map((address) => /^10\.213\.(\d+)\./.exec(address)?.[1]);
  return new Set(numbers.filter((number) => number !== undefined).map(Number));
}

/**
 * Makes a pair of virtual interfaces for a node, both ends still on the machine, on the preferred network or, where that
 * is in use, on the next free one.
 */
export async function makeLink(id: string, preferred: number): Promise<Link> {
  return alone("addresses", async () => {
    const link = linkOf(id, freeNumber(await usedNumbers(), preferred));
    const pair = ["link", "add", link.name, "type", "veth", "peer", "name", link.peer];
    await run("ip", pair);
    await run("ip", ["address", "add", `${link.machineAddress}/30`, "dev", link.name]);
    await run("ip", ["link", "set", link.name, "up"]);
    return link;
  });
}

/** Moves the node's end of the link into the network namespace that the process lives in. */
export async function handOver(link: Link, pid: number): Promise<void> {
  await run("ip", ["link", "set", link.peer, "netns", String(pid), "name", nodeEnd]);
}

/** Says whether the machine's end of a node's link is there. */
export async function linkExists(id: string): Promise<boolean> {
  const { name } = linkOf(id, 0);
  const links = JSON.parse(
    await run("ip", ["-j", "link", "show", "type", "veth"]),
  ) as AddressInfo[];
  return links.some((link) => link.ifname === name);
}

/** Removes what is left of a node's link. */
export async function removeLink(id: string): Promise<void> {
  if (!(await linkExists(id))) return;
  try {
    await run("ip", ["link", "delete", linkOf(id, 0).name]);
  } catch (error) {
    // It goes by itself with the node's network namespace, perhaps just now.
    if (await linkExists(id)) throw error;
  }
}

/** Sets up the node's side, from within its network namespace, once the machine has made the link. */
export async function setUpNodeSide(link: Link, serviceRange: string): Promise<void> {
  await run("ip", ["link", "set", "lo", "up"]);
  const there = await eventually(
    async () => (await run("ip", ["-br", "link"])).includes(`${nodeEnd}@`),
    { seconds: 20 },
  );
  if (!there)
    throw new Error(`the machine's end of the link ${link.name} was not made within 20 s`);
  await run("ip", ["address", "add", `${link.nodeAddress}/30`, "dev", nodeEnd]);
  await run("ip", ["link", "set", nodeEnd, "up"]);
  // A packet to a Service needs a route before kube-proxy's rules can send it elsewhere. There is no default route: the
  // node reaches nothing outside, and says so at once instead of letting connections hang.
  await run("ip", ["route", "add", serviceRange, "dev", nodeEnd]);
}

import { existsSync, realpathSync } from "node:fs";
import { run } from "../runProgram";
import { eventually } from "./processes";

interface LoopDevice {
  readonly name: string;
  readonly "back-file": string | null;
}

/** The loop devices whose files lie below a folder. */
export async function loopDevicesBelow(folder: string): Promise<string[]> {
  // The kernel knows the files by their names without symbolic links, also after they were removed.
  const real = existsSync(folder) ? realpathSync(folder) : folder;
  const listed = await run("losetup", ["--json", "--list", "--output", "NAME,BACK-FILE"]);
  // It prints nothing at all when there are none.
  const { loopdevices } = JSON.parse(listed || '{"loopdevices":[]}') as {
    loopdevices: readonly LoopDevice[];
  };
  return loopdevices
    .filter((device) => device["back-file"]?.startsWith(`${real}/`))
    .map(({ name }) => name);
}

/** Frees the loop devices whose files lie below a folder, and waits until they are free. */
export async function freeLoopDevices(folder: string): Promise<void> {
  for (const name of await loopDevicesBelow(folder)) await run("losetup", ["--detach", name]);
  const free = await eventually(async () => (await loopDevicesBelow(folder)).length === 0, {
    seconds: 10,
  });
  if (!free) {
    const busy = (await loopDevicesBelow(folder)).join(", ");
    throw new Error(
      `${busy}: still in use; see what is mounted from there: findmnt, and unmount it`,
    );
  }
}

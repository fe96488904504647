import { chmod, mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { run } from "../runProgram";

/** The user that containers of our images run as, when they do not run as root. */
export const containerUser = { name: "modelstore", uid: 1000 } as const;

/** What the installation of Debian's base would have made: users, a folder for temporary files, trusted certificates. */
export async function addBaseFiles(root: string): Promise<void> {
  const { name, uid } = containerUser;
  const id = uid.toString();
  await mkdir(join(root, "etc"), { recursive: true });
  await writeFile(
    join(root, "etc", "passwd"),
    `root:x:0:0:root:/root:/bin/sh\n${name}:x:${id}:${id}::/tmp:/bin/sh\n`,
  );
  await writeFile(join(root, "etc", "group"), `root:x:0:\n${name}:x:${id}:\n`);
  await writeFile(join(root, "etc", "nsswitch.conf"), "hosts: files dns\n");
  await mkdir(join(root, "tmp"));
  await chmod(join(root, "tmp"), 0o1777);

  const certificates = join(root, "usr", "share", "ca-certificates", "mozilla");
  if (existsSync(certificates)) {
    const bundle = await Promise.all(
      (await readdir(certificates)).sort().map((file) => readFile(join(certificates, file))),
    );
    await mkdir(join(root, "etc", "ssl", "certs"), { recursive: true });
    await writeFile(
      join(root, "etc", "ssl", "certs", "ca-certificates.crt"),
      Buffer.concat(bundle),
    );
  }
  for (const folder of ["doc", "man", "locale", "lintian", "bug", "doc-base", "initramfs-tools"]) {
    await rm(join(root, "usr", "share", folder), { recursive: true, force: true });
  }
}

/** Makes busybox's commands callable by their names, as a shell needs them, but for those that are there already. */
export async function linkBusybox(root: string): Promise<void> {
  const folder = join(root, "usr", "bin");
  for (const command of (await run(join(folder, "busybox"), ["--list"])).trim().split("\n")) {
    if (!existsSync(join(folder, command))) await symlink("busybox", join(folder, command));
  }
}

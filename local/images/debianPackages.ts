import { chmod, mkdir, mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../runProgram";

// apt downloads as the user _apt, who may not write into our folders.
const asOurselves = ["--option", "APT::Sandbox::User=root"];

/**
 * Downloads packages of Debian, without what they depend on, and unpacks them below `root`. apt checks what it
 * downloads; its index is fetched first where it lacks a package or names a version that is gone.
 *
 * @returns what was unpacked, as `<package>_<version>_<architecture>`
 */
export async function unpackDebianPackages(
  names: readonly string[],
  root: string,
): Promise<string[]> {
  const downloads = await mkdtemp(join(tmpdir(), "modelstore-debian-"));
  const download = (): Promise<string> =>
    run("apt-get", ["download", ...asOurselves, ...names], { cwd: downloads });
  try {
    try {
      await download();
    } catch {
      await run("apt-get", ["update", ...asOurselves]);
      await download();
    }
    const archives = (await readdir(downloads)).sort();
    await unpackArchives(
      archives.map((archive) => join(downloads, archive)),
      root,
    );
    return archives.map((archive) => decodeURIComponent(archive.replace(/\.deb$/, "")));
  } finally {
    await rm(downloads, { recursive: true, force: true });
  }
}

/**
 * Unpacks archives of Debian packages below `root`, where `/bin`, `/lib` and the like are links into `/usr`. No
 * maintainer script runs.
 *
 * @param archives - paths of `.deb` files
 */
export async function unpackArchives(archives: readonly string[], root: string): Promise<void> {
  for (const folder of ["bin", "lib", "lib64", "sbin"]) {
    await mkdir(join(root, "usr", folder), { recursive: true });
    await symlink(`usr/${folder}`, join(root, folder));
  }
  // dpkg-deb's own extraction would put folders in the place of the links.
  const unpack =
    'dpkg-deb --fsys-tarfile "$0" > "$1/.content" && tar -xf "$1/.content" -C "$1" --keep-directory-symlink';
  for (const archive of archives) await run("sh", ["-c", unpack, archive, root]);
  await rm(join(root, ".content"), { force: true });
  // Each archive brings a mode for the root itself.
  await chmod(root, 0o755);
}

import { Refusal } from "./answer";
import type { Authorization } from "./requests";
import type { Repositories, Repository } from "./repositories";

/** What is read: the listing of a repository, or the bytes of its files. */
export type Reading = "listing" | "files";

/** The token of an `Authorization: Bearer …` header. */
export function bearerToken(header: string | undefined): string | undefined {
  return header === undefined ? undefined : header.replace(/^Bearer\s+/i, "");
}

/** Knows whose token it is: that of a user of the hub is one that some repository accepts. */
export async function authorization(
  repositories: Repositories,
  tokens: readonly string[],
  token: string | undefined,
): Promise<Authorization> {
  if (token === undefined) return "none";
  if (tokens.includes(token)) return "valid";
  const all = await repositories.all();
  return all.some(({ access }) => access.tokens?.includes(token)) ? "valid" : "invalid";
}

/** A token that the hub does not know is refused everywhere, for public repositories too. */
export function refuseInvalid(authorization: Authorization): void {
  if (authorization === "invalid") {
    throw new Refusal(401, "Invalid credentials in Authorization header");
  }
}

/**
 * Finds a repository for somebody who has the right to read it.
 * @throws Refusal as the public hub words it
 */
export async function readable(
  repositories: Repositories,
  id: string,
  reading: Reading,
  token: string | undefined,
): Promise<Repository> {
  const repository = await repositories.find(id);
  const accepted = token !== undefined && repository?.access.tokens?.includes(token) === true;
  if (repository === undefined || (repository.access.private === true && !accepted)) {
    // Whether it is private or absent is not told.
    if (token !== undefined) throw new Refusal(404, "Repository not found", "RepoNotFound");
    throw reading === "files"
      ? new Refusal(401, "Repository not found", "RepoNotFound")
      : new Refusal(401, "Invalid username or password.");
  }
  if (repository.access.gated === true && reading === "files" && !accepted) {
    throw token === undefined
      ? new Refusal(
          401,
          `Access to model ${id} is restricted. You must have access to it and be authenticated to access it. Please log in.`,
          "GatedRepo",
        )
      : new Refusal(
          403,
          `Access to model ${id} is restricted and you are not in the authorized list. Visit its page to ask for access.`,
          "GatedRepo",
        );
  }
  return repository;
}

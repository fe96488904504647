import { readFile } from "node:fs/promises";
import { ExitCode, type PopulationSpec } from "../plan/population";
import { parseSource } from "../plan/sources";
import { LoaderError } from "./errors";
import { HttpClient } from "./http";
import { HuggingFace } from "./huggingFace";
import type { ModelSource } from "./source";

const publicHub = "https://huggingface.co";

/** The client for the source that a specification names. */
export async function openSource(spec: PopulationSpec): Promise<ModelSource> {
  const source = parseSource(spec.source);
  // Written as answers' addresses are, so that the two can be compared.
  const endpoint = new URL(spec.endpoint ?? publicHub).href.replace(/\/+$/, "");
  const token = spec.tokenFile === undefined ? undefined : await readToken(spec.tokenFile);
  const credentials = token === undefined ? undefined : { origin: new URL(endpoint).origin, token };
  return new HuggingFace(source, endpoint, new HttpClient(credentials), token !== undefined);
}

async function readToken(file: string): Promise<string> {
  let token: string;
  try {
    token = (await readFile(file, "utf8")).trim();
  } catch (error) {
    throw new LoaderError(
      ExitCode.Usage,
      `the token cannot be read: ${(error as Error).message}; check the Secret and its key`,
      { cause: error },
    );
  }
  // Never shown, not even in part.
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new LoaderError(
      ExitCode.NotAuthorised,
      `${file} holds ${token === "" ? "nothing" : "something that is no token"}; check the Secret's value`,
    );
  }
  return token;
}

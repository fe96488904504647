import { createHash } from "node:crypto";
import { ExitCode, type PopulationSpec, type Selection } from "../plan/population";
import { LoaderError } from "./errors";
import { globPattern } from "./glob";
import type { SourceFile } from "./source";

/** Formats that are Python pickles, or hold such: loading one runs the code in it. */
const pickles = /\.(bin|ckpt|joblib|npy|npz|pickle|pkl|pt|pth)$/i;

/** The same weights once more, for frameworks that are not served here; safe to fetch where asked for by name. */
const otherWeights =
  /\.(gguf|h5|hdf5|keras|llamafile|mlmodel|mlpackage|msgpack|nemo|onnx|onnx_data|ot|pb|tflite)$/i;

/** The selection that a specification asks for, in its canonical form. */
export function selectionOf({ include, exclude, allowPickle }: PopulationSpec): Selection {
  const canonical = (patterns: readonly string[] = []) => [...new Set(patterns)].sort();
  return {
    include: canonical(include),
    exclude: canonical(exclude),
    allowPickle: allowPickle ?? false,
  };
}

/**
 * A short name for what a selection selects, so that two of one revision lie beside each other.
 *
 * @returns nothing for the default selection
 */
export function selectionId(selection: Selection): string | undefined {
  const { include, exclude, allowPickle } = selection;
  if (include.length === 0 && exclude.length === 0 && !allowPickle) return undefined;
  const canonical = JSON.stringify([include, exclude, allowPickle]);
  return createHash("sha256").update(canonical).digest("hex").slice(0, 12);
}

/**
 * The files that a selection selects.
 *
 * @throws LoaderError with exit code 66 where no file is left, or none of the weights
 */
export function select(files: readonly SourceFile[], selection: Selection): readonly SourceFile[] {
  const include = selection.include.map(globPattern);
  const exclude = selection.exclude.map(globPattern);
  const wanted = files.filter(
    ({ path }) =>
      (include.length === 0 || include.some((pattern) => pattern.test(path))) &&
      !exclude.some((pattern) => pattern.test(path)),
  );
  const dropped = wanted.filter(
    ({ path }) =>
      !selection.allowPickle &&
      (pickles.test(path) || (include.length === 0 && otherWeights.test(path))),
  );
  const selected = wanted.filter((file) => !dropped.includes(file));
  const names = dropped
    .slice(0, 5)
    .map(({ path }) => JSON.stringify(path))
    .join(", ");
  if (dropped.length > 0 && !selected.some(({ path }) => isWeights(path))) {
    throw new LoaderError(
      ExitCode.NotFound,
      `the source has no safetensors weights, only ${names}; formats that run code when loaded need allowPickle, others an include pattern that names them`,
    );
  }
  if (selected.length === 0) {
    throw new LoaderError(
      ExitCode.NotFound,
      `none of the source's ${files.length} files is selected; check include ${JSON.stringify(selection.include)} and exclude ${JSON.stringify(selection.exclude)}`,
    );
  }
  return selected;
}

function isWeights(path: string): boolean {
  return path.endsWith(".safetensors") || otherWeights.test(path);
}

import { z } from "zod";
import { quote } from "./problems";
import { unknownKeyMessage } from "./schemaProblems";

/** A map with these keys and no others. */
export function strict<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? issue.keys.map((key) => unknownKeyMessage(key, known)).join("\n")
        : undefined,
  });
}

/** A text that a rule accepts; the rule's own sentence is the message. */
export function text(problemOf: (got: string) => string | undefined) {
  return z.string().superRefine((got, context) => {
    const message = problemOf(got);
    if (message !== undefined) context.addIssue({ code: "custom", message });
  });
}

/** A text of a certain form. */
export function matching(pattern: RegExp, expected: string) {
  return text((got) => (pattern.test(got) ? undefined : `got ${quote(got)}, expected ${expected}`));
}

/** A value of one of two forms, told apart before it is read, so that its problems are those of the form that was meant. */
export function either<T>(formOf: (got: unknown) => z.ZodType<T>) {
  return z.unknown().transform((got, context): T => {
    const parsed = formOf(got).safeParse(got, { reportInput: true });
    if (parsed.success) return parsed.data;
    for (const issue of parsed.error.issues) {
      // A finished issue is a raw one with a message; zod's types do not say so.
      context.issues.push(issue as z.core.$ZodRawIssue);
    }
    return z.NEVER;
  });
}

/** Whether a value is a map, as YAML and JSON have them. */
export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

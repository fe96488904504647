import assert from "node:assert/strict";
import fc from "fast-check";
import { parseSpecification } from "../../loader/specification";
import { InvalidSourceError, parseSource } from "../../plan/sources";

const word = fc.stringMatching(/^[A-Za-z0-9]{1,12}$/);
const name = fc.array(word, { minLength: 1, maxLength: 3 }).map((words) => words.join("-"));
const commit = fc.stringMatching(/^[0-9a-f]{40}$/);
const revision = fc.oneof(
  commit,
  fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/")),
);

describe("what the loader is told", () => {
  describe("any source", () => {
    it("that follows the grammar is taken apart, and its canonical form means the same", () => {
      fc.assert(
        fc.property(name, name, fc.option(revision), (organisation, repository, given) => {
          const text = `hf://${organisation}/${repository}${given === null ? "" : `@${given}`}`;
          const source = parseSource(text);
          assert.equal(source.organisation, organisation);
          assert.equal(source.name, repository);
          assert.equal(source.revision, given ?? "main");
          assert.deepEqual(parseSource(source.uri), source);
        }),
      );
    });

    it("is either understood or refused in one line that quotes it", () => {
      const nearly = fc
        .array(fc.constantFrom("hf:", "/", "//", "@", "..", "-", "acme", "\n", "%2e", "é", "tiny"))
        .map((parts) => parts.join(""));
      fc.assert(
        fc.property(fc.oneof(fc.string(), nearly), (text) => {
          try {
            const { repository, revision: parsed } = parseSource(text);
            assert.match(`${repository}/${parsed}`, /^[\w.+/-]+$/);
            assert.doesNotMatch(`${repository}/${parsed}`, /\.\.|\/\//);
          } catch (error) {
            assert.ok(error instanceof InvalidSourceError);
            assert.ok(error.message.startsWith(`source: ${JSON.stringify(text)} `));
            assert.doesNotMatch(error.message, /\n/);
          }
        }),
      );
    });
  });

  describe("any specification", () => {
    const valid = fc.record(
      {
        schema: fc.constant(1),
        source: fc.constant("hf://acme/tiny"),
        volume: fc.constant("/volume"),
        path: name,
        endpoint: fc.webUrl(),
        tokenFile: fc.constant("/token"),
        include: fc.array(fc.string({ minLength: 1 })),
        allowPickle: fc.boolean(),
        job: fc.constant({ namespace: "models", name: "populate" }),
      },
      { requiredKeys: ["schema", "source", "volume", "path"] },
    );

    it("that is right is taken as it is", () => {
      fc.assert(
        fc.property(valid, (spec) => {
          assert.deepEqual(parseSpecification(JSON.stringify(spec), "spec"), { ...spec });
        }),
      );
    });

    it("that is anything else is refused with exit code 64", () => {
      fc.assert(
        fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
          assert.throws(() => parseSpecification(text, "spec"), { exitCode: 64 });
        }),
      );
      fc.assert(
        fc.property(
          valid,
          fc.constantFrom(
            "schema",
            "source",
            "volume",
            "path",
            "endpoint",
            "include",
            "job",
            "extra",
          ),
          (spec, key) => {
            const wrong = JSON.stringify({ ...spec, [key]: 7 });
            assert.throws(() => parseSpecification(wrong, "spec"), {
              exitCode: 64,
              message: new RegExp(`^spec is invalid: ${key}: `),
            });
          },
        ),
      );
    });
  });
});

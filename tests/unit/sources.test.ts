import assert from "node:assert/strict";
import { isCommit, parseSource } from "../../plan/sources";

const commit = "0e9e39f249a16976918f6564b8830bc894c89659";

describe("sources", () => {
  it("of the Hub name a repository, and a revision where one is meant", () => {
    assert.deepEqual(parseSource(`hf://meta-llama/Llama-3.1-8B-Instruct@${commit}`), {
      kind: "huggingFace",
      uri: `hf://meta-llama/Llama-3.1-8B-Instruct@${commit}`,
      organisation: "meta-llama",
      name: "Llama-3.1-8B-Instruct",
      repository: "meta-llama/Llama-3.1-8B-Instruct",
      revision: commit,
      pinned: true,
    });
    const { uri, revision, pinned } = parseSource("hf://acme/tiny");
    assert.deepEqual([uri, revision, pinned], ["hf://acme/tiny@main", "main", false]);
    assert.equal(parseSource("hf://acme/tiny@refs/pr/1").revision, "refs/pr/1");
    assert.equal(parseSource("hf://acme/tiny@v1.0").revision, "v1.0");
  });

  it("are pinned by a full commit alone", () => {
    assert.ok(isCommit(commit));
    for (const revision of ["main", commit.slice(0, 12), `${commit}0`]) {
      assert.equal(parseSource(`hf://acme/tiny@${revision}`).pinned, false);
    }
  });

  const remedy = "write hf://org/repo or hf://org/repo@revision";
  const revisionRemedy =
    "write a branch, a tag or a commit of 40 lower-case hexadecimal digits after @";
  const refused: Readonly<Record<string, string>> = {
    "": `has no scheme; ${remedy}`,
    "acme/tiny": `has no scheme; ${remedy}`,
    "https://huggingface.co/acme/tiny": `has the unsupported scheme "https"; ${remedy}`,
    "HF://acme/tiny": `has the unsupported scheme "HF"; ${remedy}`,
    "hf://tiny":
      'names "tiny" where a repository\'s organisation and name are expected; write hf://org/repo, and a revision after @ where one is meant',
    "hf://acme/tiny/main":
      'names "acme/tiny/main" where a repository\'s organisation and name are expected; write hf://org/repo, and a revision after @ where one is meant',
    "hf:///tiny": `has the organisation "", which is empty; ${remedy}`,
    "hf://acme/": `has the repository name "", which is empty; ${remedy}`,
    "hf://../tiny": `has the organisation "..", which starts or ends with . or -; ${remedy}`,
    "hf://acme/ti--ny": `has the repository name "ti--ny", which contains .. or --; ${remedy}`,
    "hf://acme/tiny.git": `has the repository name "tiny.git", which ends with .git; ${remedy}`,
    "hf://acme/tiny?x": `has the repository name "tiny?x", which has characters other than A-Z a-z 0-9 . _ -; ${remedy}`,
    [`hf://acme/${"x".repeat(97)}`]: `has the repository name "${"x".repeat(97)}", which has 97 characters where 96 is the most; ${remedy}`,
    "hf://acme/tiny@": `has the revision "", which is empty; ${revisionRemedy}`,
    "hf://acme/tiny@a b": `has the revision "a b", which has characters other than A-Z a-z 0-9 . _ / + -; ${revisionRemedy}`,
    "hf://acme/tiny@a@b": `has the revision "a@b", which has characters other than A-Z a-z 0-9 . _ / + -; ${revisionRemedy}`,
    "hf://acme/tiny@a/../b": `has the revision "a/../b", which contains ..; ${revisionRemedy}`,
    "hf://acme/tiny@/main": `has the revision "/main", which starts or ends with / or contains //; ${revisionRemedy}`,
    "hf://acme/tiny@-x": `has the revision "-x", which has a part that starts with . or -, or ends with . or .lock; ${revisionRemedy}`,
    [`hf://acme/tiny@${commit.toUpperCase()}`]: `has the revision "${commit.toUpperCase()}", which is a commit in upper case; ${revisionRemedy}`,
  };
  for (const [text, problem] of Object.entries(refused)) {
    it(`refuse ${JSON.stringify(text.slice(0, 40))}`, () => {
      assert.throws(() => parseSource(text, "models.llama.source"), {
        name: "InvalidSourceError",
        message: `models.llama.source: ${JSON.stringify(text)} ${problem}`,
        path: "models.llama.source",
        got: text,
      });
    });
  }
});

import assert from "node:assert/strict";
import {
  contentHashName,
  dnsLabelProblem,
  dnsSubdomainProblem,
  limitName,
  roleName,
} from "../../plan/names";

const long = "a".repeat(70);

describe("names", () => {
  it("of hosts and labels are DNS labels", () => {
    for (const good of ["a", "0", "llama-3-8b", "a".repeat(63)]) {
      assert.equal(dnsLabelProblem(good), undefined);
    }
    const rule =
      "expected lower-case letters, digits and hyphens, beginning and ending with a letter or digit";
    for (const bad of ["", "-a", "a-", "A", "a.b", "a_b", "ä"]) {
      assert.equal(dnsLabelProblem(bad), `got "${bad}", ${rule}`);
    }
    assert.equal(dnsLabelProblem(long), `got "${long}" (70 characters), expected at most 63`);
  });

  it("of other objects may hold dots", () => {
    assert.equal(dnsSubdomainProblem("company.model-1"), undefined);
    for (const bad of ["", "a..b", ".a", "a.", "a.-b", "A"]) {
      assert.equal(
        dnsSubdomainProblem(bad),
        `got "${bad}", expected lower-case letters, digits, hyphens and dots, each part beginning and ending with a letter or digit`,
      );
    }
    const longest = "a".repeat(254);
    assert.equal(
      dnsSubdomainProblem(longest),
      `got "${longest}" (254 characters), expected at most 253`,
    );
  });

  it("that fit stay as they are, and longer ones end with a hash of the whole", () => {
    assert.equal(limitName("llama"), "llama");
    assert.equal(limitName(long), `${"a".repeat(54)}-6bd5e503`);
    assert.notEqual(limitName(long), limitName(`${long}a`));
  });

  it("of a part keep the part's role whole", () => {
    assert.equal(roleName("llama", "populate"), "llama-populate");
    assert.match(roleName(long, "populate"), /^a{45}-[0-9a-f]{8}-populate$/);
  });

  it("by content change with the content and with nothing else", () => {
    assert.equal(contentHashName("llama", "x"), "llama-2d711642b7");
    assert.equal(contentHashName("llama", "x"), contentHashName("llama", "x"));
    assert.notEqual(contentHashName("llama", "x"), contentHashName("llama", "y"));
  });
});

// GraphQL over HTTP, by the audit of the reference implementation: every check, the optional ones too.
import assert from "node:assert/strict";
import test from "node:test";
import { serverAudits } from "graphql-http";
import { bearer, graphql } from "./support/journey.js";

const audits = serverAudits({
  url: graphql,
  fetchFn: (to, options) => fetch(to, { ...options, headers: { ...options?.headers, authorization: bearer() } }),
});

test("the audit has the checks that we mean", () => assert.equal(audits.length, 61));

for (const { id, name, fn } of audits) {
  test(`${id} ${name}`, async () => {
    const { status, reason } = await fn();
    assert.equal(status, "ok", reason);
  });
}

// Server-sent events with graphql-sse, distinct connections: one request an operation.
import assert from "node:assert/strict";
import test from "node:test";
import { createClient } from "graphql-sse";
import { bearer, change, everything, free, graphql, LIVE, liveCursor, newAccount, post, timelineIds, url } from "./support/journey.js";
import { line } from "./support/line.js";
import { within } from "./support/within.js";

const client = (options = {}) =>
  createClient({ url: graphql, headers: () => ({ authorization: bearer() }), retryAttempts: 0, ...options });

test("a query and a mutation answer once", async () => {
  const results = [];
  for await (const result of client().iterate({ query: "{ me { roles } }" })) results.push(result);
  assert.deepEqual(results.map(free), [{ data: { me: { roles: ["SALES"] } } }]);

  const made = client().iterate({
    query: `mutation { createAccount(input: { name: "" }) { account { id } userErrors { code path } } }`,
  });
  const { createAccount } = (await made.next()).value.data;
  assert.deepEqual(createAccount, { account: null, userErrors: [{ code: "INVALID", path: ["name"] }] });
  assert.equal((await made.next()).done, true);
});

for (const query of ["{ nothing }", "{ me {", "query A { me { roles } } query B { me { roles } }"]) {
  test(`a document that cannot run is a stream of its error: ${query}`, async () => {
    const stream = client().iterate({ query });
    const { errors, data } = (await stream.next()).value;
    assert.deepEqual([errors[0].extensions.code, data], ["BAD_USER_INPUT", undefined]);
    assert.equal((await stream.next()).done, true);
  });
}

test("a request that is none is refused with 400", async () => {
  await assert.rejects(client().iterate({ query: 7 }).next(), /400/);
});

test("a wrong token is refused, and so is every try after it", async () => {
  const wrong = client({ headers: { authorization: "Bearer wrong" }, retryAttempts: 2, retry: async () => {} });
  await assert.rejects(wrong.iterate({ query: "{ me { roles } }" }).next(), /401|Unauthorized/);
});

test("a live timeline goes on after every cut: no gap, no repeat", async () => {
  const account = await newAccount("Stream GmbH");
  const relay = await line(url);
  const heard = [];
  let cursor = await liveCursor(account.id);
  // the library would send the same request again, so it is told not to: the next one starts after what has arrived
  const follow = () =>
    client({ url: `${relay.url}/graphql` }).iterate({
      query: LIVE,
      variables: { subject: account.id, after: cursor, filter: everything },
    });
  const hear = async (stream, upTo) => {
    while (heard.length < upTo) {
      const { value, done } = await within(stream.next(), "an event");
      assert.equal(done, false);
      cursor = value.data.timelineChanged.cursor;
      heard.push(value.data.timelineChanged.event.id);
    }
  };
  for (let turn = 1; turn <= 4; turn++) {
    await change(account.id, 2);
    const stream = follow();
    await hear(stream, 4 * turn - 2);
    await change(account.id, 1);
    await hear(stream, 4 * turn - 1);
    const next = stream.next();
    relay.cut();
    await assert.rejects(within(next, "the end of a cut line"));
    await change(account.id, 1);
  }
  const stream = follow();
  await hear(stream, 16);
  await stream.return();
  assert.deepEqual(heard, (await timelineIds(account.id, everything)).slice(0, 16).reverse());
  await relay.close();
});

test("an event stream is what a browser expects", async () => {
  const { status, headers, text } = await post({ query: "{ me { roles } }" }, { headers: { accept: "text/event-stream" } });
  assert.equal(status, 200);
  assert.equal(headers.get("content-type"), "text/event-stream");
  const [, result] = text.match(/^event: next\ndata: (.*)\n\nevent: complete\ndata: \n\n$/);
  assert.deepEqual(free(JSON.parse(result)), { data: { me: { roles: ["SALES"] } } });
});

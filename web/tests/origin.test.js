// A front end in a browser, on an origin of its own: the one that the configuration names may call the API, no other may.
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { launch, missing } from "./support/browser.js";
import { ask, bearer, change, free, graphql, liveCursor, newAccount, socket } from "./support/journey.js";

const skip = missing;
const allowed = process.env.JOURNEY_APP;
const other = allowed.replace("127.0.0.1", "localhost");

let browser;
before(async () => {
  if (!skip) browser = await launch();
});
after(() => browser?.close());

async function pageOf(t, origin) {
  const page = await browser.newPage();
  t.after(() => page.close());
  await page.goto(origin);
  return page;
}

/** Asks from within the page, as an app does; gives back what its script may read. */
const asks = (page, body = { query: "{ me { roles } }" }, headers = {}) =>
  page.evaluate(
    async ([to, body, headers]) => {
      try {
        const response = await fetch(to, { method: "POST", headers, body: JSON.stringify(body) });
        return { status: response.status, id: response.headers.get("x-request-id"), json: await response.json() };
      } catch (error) {
        return error.name;
      }
    },
    [graphql, body, { "content-type": "application/json", authorization: bearer(), ...headers }],
  );

test("the app's own origin asks, and reads the request's id", { skip }, async (t) => {
  const page = await pageOf(t, allowed);
  const { status, id, json } = await asks(page, undefined, { "x-request-id": "from-the-app" });
  assert.deepEqual([status, id, free(json)], [200, "from-the-app", { data: { me: { roles: ["SALES"] } } }]);
  const refused = await asks(page, undefined, { authorization: "Bearer wrong" });
  assert.deepEqual([refused.status, refused.json.errors[0].extensions.code], [401, "UNAUTHENTICATED"]);
});

test("another origin is stopped by the browser, before anything is changed", { skip }, async (t) => {
  const account = await newAccount("Origin GmbH");
  const page = await pageOf(t, other);
  const query = `mutation { updateAccount(input: { id: "${account.id}", description: "from elsewhere" }) { account { id } } }`;
  assert.equal(await asks(page, { query }), "TypeError");
  // without a preflight: what a browser sends across origins unasked is refused by its type
  assert.equal(await asks(page, { query }, { "content-type": "text/plain" }), "TypeError");
  const kept = await ask(`query ($id: ID!) { account(id: $id) { version } }`, { id: account.id });
  assert.deepEqual(kept, { account: { version: account.version } });
});

test("an app hears live over a socket and over an event stream", { skip }, async (t) => {
  const { id } = await newAccount("Origin live");
  const page = await pageOf(t, allowed);
  const query = `subscription { timelineChanged(subject: "${id}", after: "${await liveCursor(id)}", filter: { minImportance: 0 }) { event { kind } } }`;
  await change(id);
  const overSocket = await page.evaluate(
    ([to, query, authorization]) =>
      new Promise((done) => {
        const ws = new WebSocket(to, "graphql-transport-ws");
        const say = (message) => ws.send(JSON.stringify(message));
        ws.onopen = () => say({ type: "connection_init", payload: { authorization } });
        ws.onclose = ({ code }) => done(code);
        ws.onmessage = ({ data }) => {
          const message = JSON.parse(data);
          if (message.type === "connection_ack") say({ id: "1", type: "subscribe", payload: { query } });
          else done(message.payload);
        };
      }),
    [socket, query, bearer()],
  );
  const overStream = await page.evaluate(
    async ([to, query, authorization]) => {
      const headers = { "content-type": "application/json", accept: "text/event-stream", authorization };
      const response = await fetch(to, { method: "POST", headers, body: JSON.stringify({ query }) });
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      while (!text.includes("\n\n")) text += (await reader.read()).value;
      await reader.cancel();
      return JSON.parse(text.match(/^data: (.*)$/m)[1]);
    },
    [graphql, query, bearer()],
  );
  const heard = { data: { timelineChanged: { event: { kind: "record.updated" } } } };
  assert.deepEqual([overSocket, overStream].map(free), [heard, heard]);
});

test("a browser is told by a close code that it offered no sub-protocol", { skip }, async (t) => {
  const page = await pageOf(t, allowed);
  const code = await page.evaluate((to) => new Promise((done) => (new WebSocket(to).onclose = (event) => done(event.code))), socket);
  assert.equal(code, 4406);
});

// graphql-transport-ws: the client that everybody uses, then every way to be shown out.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import http from "node:http";
import test, { before } from "node:test";
import { createClient } from "graphql-ws";
import WebSocket from "ws";
import { bearer, change, everything, free, graphql, keyAccount, LIVE, liveCursor, newAccount, socket, timelineIds, token, url } from "./support/journey.js";
import { line } from "./support/line.js";
import { arrivals, within } from "./support/within.js";

const client = (options = {}) =>
  createClient({ url: socket, webSocketImpl: WebSocket, connectionParams: { Authorization: bearer() }, retryAttempts: 0, ...options });

/** The one result of a query or a mutation. */
async function only(connection, payload) {
  const results = [];
  for await (const result of connection.iterate(payload)) results.push(result);
  assert.equal(results.length, 1);
  return results[0];
}

test("graphql-ws connects, and asks, changes and hears live of one account", async () => {
  const { put, upTo } = arrivals();
  const connection = client({ lazy: false, on: { connected: () => put("connected"), closed: ({ code }) => put(code) } });
  const me = await only(connection, { query: "query Me { me { roles } }" });
  assert.deepEqual(free(me), { data: { me: { roles: ["SALES"] } } });

  const made = await only(connection, {
    query: `mutation ($input: CreateAccountInput!) { createAccount(input: $input) { account { id version } userErrors { code } } }`,
    variables: { input: { name: "Socket GmbH" } },
  });
  const { account, userErrors } = made.data.createAccount;
  assert.deepEqual([account.version, userErrors], [1, []]);

  const live = connection.iterate({ query: LIVE, variables: { subject: account.id, after: await liveCursor(account.id), filter: everything } });
  const heard = [];
  await change(account.id, 3);
  for (let turn = 0; turn < 3; turn++) heard.push((await within(live.next(), "an event")).value.data.timelineChanged.event);
  assert.deepEqual(heard.map((event) => event.kind), Array(3).fill("record.updated"));
  assert.deepEqual(heard.map((event) => event.id), (await timelineIds(account.id, everything)).slice(0, 3).reverse());

  await live.return();
  await connection.dispose();
  assert.deepEqual(await upTo(2), ["connected", 1000]);
});

test("an operation that cannot run is answered with its errors, and the socket stays", async () => {
  const connection = client();
  await assert.rejects(only(connection, { query: "{ nothing }" }), (errors) => {
    assert.equal(errors[0].extensions.code, "BAD_USER_INPUT");
    return true;
  });
  const { data } = await only(connection, { query: "{ me { roles } }" });
  assert.deepEqual(data.me.roles, ["SALES"]);
  await connection.dispose();
});

test("a ping is answered", async () => {
  const { put, upTo } = arrivals();
  const connection = client({ lazy: false, keepAlive: 20, on: { pong: (received) => received && put("pong") } });
  await upTo(2);
  await connection.dispose();
});

test("graphql-ws comes back after a cut, and goes on where it was: no gap, no repeat", async () => {
  const account = await newAccount("Cut GmbH");
  const relay = await line(url);
  const connection = client({ url: `${relay.url.replace("http", "ws")}/graphql`, retryAttempts: 20, retryWait: async () => {} });
  const { items, put, upTo } = arrivals();
  let cursor = await liveCursor(account.id);
  // `variables` is read anew each time that the client comes back
  const variables = {
    subject: account.id,
    filter: everything,
    get after() {
      return cursor;
    },
  };
  const stop = connection.subscribe(
    { query: LIVE, variables },
    {
      next: ({ data }) => {
        cursor = data.timelineChanged.cursor;
        put(data.timelineChanged.event.id);
      },
      error: put,
      complete: () => {},
    },
  );
  for (let turn = 1; turn <= 4; turn++) {
    await change(account.id, 3);
    await upTo(6 * turn - 3);
    relay.cut();
    await change(account.id, 3);
    await upTo(6 * turn);
  }
  assert.equal(relay.cuts, 4);
  assert.deepEqual(items, (await timelineIds(account.id, everything)).slice(0, 24).reverse());
  stop();
  await connection.dispose();
  await relay.close();
});

// -- every close code, on purpose, in raw frames

const INIT = { type: "connection_init", payload: { Authorization: bearer() } };
const ME = { query: "{ me { roles } }" };
let stream;

before(async () => {
  const subject = await keyAccount();
  stream = { query: LIVE, variables: { subject } };
});

/** A raw socket: what is sent is sent as it is. */
async function raw(protocols = "graphql-transport-ws", options) {
  const ws = new WebSocket(socket, protocols, options);
  const { items, put, upTo } = arrivals();
  ws.on("message", (data) => put(JSON.parse(data)));
  ws.on("error", () => {});
  const closed = once(ws, "close").then(([code, reason]) => ({ code, reason: reason.toString() }));
  await within(once(ws, "open"), "the handshake");
  return {
    ws,
    items,
    upTo,
    say: (message) => ws.send(typeof message === "object" && !Buffer.isBuffer(message) ? JSON.stringify(message) : message),
    closed: () => within(closed, "the close"),
  };
}

/** A raw socket that is let in. */
async function open() {
  const it = await raw();
  it.say(INIT);
  assert.deepEqual(await it.upTo(1), [{ type: "connection_ack" }]);
  return it;
}

const malformed = {
  "no JSON": "garbage",
  "a cut message": '{"type":"subscribe","id":"1","payload":{"query":"{ me',
  "a list": [INIT],
  "a number": "42",
  "an unknown type": { type: "start", id: "1", payload: ME },
  "no type": { id: "1", payload: ME },
  "a type that is no text": { type: 7 },
  "no payload": { type: "subscribe", id: "1" },
  "no id": { type: "subscribe", payload: ME },
  "an empty id": { type: "subscribe", id: "", payload: ME },
  "an id of 1,000 bytes": { type: "subscribe", id: "x".repeat(1_000), payload: ME },
  "a number as id": { type: "subscribe", id: 1, payload: ME },
  "a query that is no text": { type: "subscribe", id: "1", payload: { query: 7 } },
  "variables that are a list": { type: "subscribe", id: "1", payload: { ...ME, variables: [] } },
  "a ping whose payload is text": { type: "ping", payload: "x" },
  "bytes": Buffer.from(JSON.stringify({ type: "ping" })),
};

for (const [what, message] of Object.entries(malformed)) {
  test(`4400: ${what}`, async () => {
    const it = await open();
    it.say(message);
    const { code, reason } = await it.closed();
    assert.equal(code, 4400);
    assert.notEqual(reason, "");
  });
}

test("4401: an operation before connection_ack", async () => {
  const it = await raw();
  it.say({ type: "subscribe", id: "1", payload: ME });
  assert.deepEqual(await it.closed(), { code: 4401, reason: "Unauthorized" });
});

for (const [what, payload] of Object.entries({
  "no token": undefined,
  "a wrong token": { Authorization: `${bearer()}x` },
  "a token in another scheme": { Authorization: `Basic ${token()}` },
  "a token that is no text": { token: 7 },
})) {
  test(`4403: ${what}`, async () => {
    const it = await raw();
    it.say({ type: "connection_init", payload });
    assert.deepEqual(await it.closed(), { code: 4403, reason: "Forbidden" });
    assert.deepEqual(it.items, []);
  });
}

test("the token may come as `token`, or in the header of the handshake", async () => {
  for (const [payload, headers] of [
    [{ token: token() }, {}],
    [undefined, { authorization: bearer() }],
  ]) {
    const it = await raw("graphql-transport-ws", { headers });
    it.say({ type: "connection_init", payload });
    assert.deepEqual(await it.upTo(1), [{ type: "connection_ack" }]);
    it.ws.close(1000);
    assert.equal((await it.closed()).code, 1000);
  }
});

for (const protocols of [undefined, "graphql-ws", "json, mqtt"]) {
  test(`4406: offered ${protocols ?? "no sub-protocol"}`, async () => {
    // by hand: a library breaks the handshake off by itself when none of its sub-protocols was chosen
    const { headers, frame } = await within(handshake(protocols), "the close frame");
    assert.equal(headers["sec-websocket-protocol"], undefined);
    assert.deepEqual([frame[0], frame.readUInt16BE(2), frame.subarray(4).toString()], [0x88, 4406, "Subprotocol not acceptable"]);
  });
}

/** A handshake, and the first frame that comes after it. */
const handshake = (protocols) =>
  new Promise((done, fail) => {
    const request = http.get(graphql, {
      headers: {
        connection: "Upgrade",
        upgrade: "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": randomBytes(16).toString("base64"),
        ...(protocols && { "sec-websocket-protocol": protocols }),
      },
    });
    request.on("error", fail);
    request.on("upgrade", ({ headers }, stream, head) => {
      const answer = (frame) => {
        done({ headers, frame });
        stream.destroy();
      };
      if (head.length) answer(head);
      else stream.once("data", answer);
    });
  });

test("of several sub-protocols the known one is chosen", async () => {
  const it = await raw(["graphql-ws", "graphql-transport-ws"]);
  assert.equal(it.ws.protocol, "graphql-transport-ws");
  it.ws.close(1000);
  await it.closed();
});

test("4408: no connection_init in time", async () => {
  const it = await raw();
  assert.deepEqual(await it.closed(), { code: 4408, reason: "Connection initialisation timeout" });
});

test("4409: an id that is in use; a free one may be used again", async () => {
  const it = await open();
  it.say({ type: "subscribe", id: "1", payload: ME });
  const [, next, complete] = await it.upTo(3);
  assert.deepEqual({ ...next, payload: free(next.payload) }, { id: "1", type: "next", payload: { data: { me: { roles: ["SALES"] } } } });
  assert.deepEqual(complete, { id: "1", type: "complete" });
  it.say({ type: "subscribe", id: "1", payload: stream });
  it.say({ type: "subscribe", id: "1", payload: stream });
  assert.deepEqual(await it.closed(), { code: 4409, reason: "Subscriber for 1 already exists" });
});

test("4429: a second connection_init", async () => {
  const it = await open();
  it.say(INIT);
  assert.deepEqual(await it.closed(), { code: 4429, reason: "Too many initialisation requests" });
});

test("1009: a message above the limit", async () => {
  const it = await open();
  it.say({ type: "subscribe", id: "1", payload: { query: `{ me { roles } } #${"x".repeat(200_000)}` } });
  assert.deepEqual(await it.closed(), { code: 1009, reason: "The message is too large" });
});

test("one operation too many is refused, the others stay", async () => {
  const it = await open();
  for (let id = 1; id <= 33; id++) it.say({ type: "subscribe", id: String(id), payload: stream });
  const [, refusal] = await it.upTo(2);
  assert.deepEqual([refusal.id, refusal.type], ["33", "error"]);
  assert.equal(refusal.payload[0].extensions.code, "RATE_LIMITED");
  it.say({ type: "complete", id: "1" });
  it.say({ type: "subscribe", id: "34", payload: ME });
  const [, , next] = await it.upTo(3);
  assert.deepEqual({ ...next, payload: free(next.payload) }, { id: "34", type: "next", payload: { data: { me: { roles: ["SALES"] } } } });
  it.ws.close(1000);
  await it.closed();
});

test("an id comes back as it was sent, whatever is in it", async () => {
  const it = await open();
  const id = `"}\u0000\n</script>🚲`;
  it.say({ type: "subscribe", id, payload: ME });
  const [, next, complete] = await it.upTo(3);
  assert.deepEqual([next.id, complete.id], [id, id]);
  it.ws.close(1000);
  await it.closed();
});

// urql: queries, pages, and subscriptions, over a socket and over an event stream.
import assert from "node:assert/strict";
import test from "node:test";
import { cacheExchange, Client, fetchExchange, subscriptionExchange } from "@urql/core";
import { createClient } from "graphql-ws";
import WebSocket from "ws";
import { bearer, change, everything, graphql, keyAccount, LIVE, liveCursor, newAccount, socket, timelineIds } from "./support/journey.js";
import { arrivals } from "./support/within.js";

const fetchOptions = () => ({ headers: { authorization: bearer() } });

const TIMELINE = `query Timeline($id: ID!, $after: String) {
  timeline(subject: $id, first: 100, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } }
}`;

test("a query and its pages", async () => {
  const id = await keyAccount();
  const client = new Client({ url: graphql, exchanges: [cacheExchange, fetchExchange], fetchOptions, preferGetMethod: false });
  const ids = [];
  for (let after = null; ; ) {
    const { data, error } = await client.query(TIMELINE, { id, after });
    assert.equal(error, undefined);
    ids.push(...data.timeline.nodes.map((node) => node.id));
    if (!data.timeline.pageInfo.hasNextPage) break;
    after = data.timeline.pageInfo.endCursor;
  }
  assert.deepEqual(ids, await timelineIds(id));
});

test("queries by GET, as urql sends them as it stands", async () => {
  const client = new Client({ url: graphql, exchanges: [fetchExchange], fetchOptions, preferGetMethod: "force" });
  const { data } = await client.query(`query Named($name: String!) { accounts(filter: { name: { contains: $name } }) { nodes { name } } }`, {
    name: "Alpenland",
  });
  assert.deepEqual(data.accounts.nodes.map((account) => account.name), ["Molkerei Alpenland AG"]);
});

test("an error has its code", async () => {
  const client = new Client({ url: graphql, exchanges: [fetchExchange], fetchOptions, preferGetMethod: false });
  const { error } = await client.query(`{ nothing }`, {});
  assert.equal(error.graphQLErrors[0].extensions.code, "BAD_USER_INPUT");
});

async function hears(client, name) {
  const { id } = await newAccount(name);
  const { items, put, upTo } = arrivals();
  const variables = { subject: id, after: await liveCursor(id), filter: everything };
  await change(id);
  const subscription = client.subscription(LIVE, variables).subscribe(({ data, error }) => put(error ?? data.timelineChanged.event.id));
  await upTo(1);
  await change(id, 2);
  await upTo(3);
  subscription.unsubscribe();
  assert.deepEqual(items, (await timelineIds(id, everything)).slice(0, 3).reverse());
}

test("a subscription over a socket", async () => {
  const sockets = createClient({ url: socket, webSocketImpl: WebSocket, connectionParams: { Authorization: bearer() } });
  const forwardSubscription = ({ query, variables }) => ({
    subscribe: (sink) => ({ unsubscribe: sockets.subscribe({ query: query ?? "", variables }, sink) }),
  });
  const exchanges = [fetchExchange, subscriptionExchange({ forwardSubscription })];
  await hears(new Client({ url: graphql, exchanges, fetchOptions, preferGetMethod: false }), "urql socket");
  await sockets.dispose();
});

test("a subscription over an event stream, with nothing but fetch", async () => {
  const client = new Client({ url: graphql, exchanges: [fetchExchange], fetchOptions, fetchSubscriptions: true, preferGetMethod: false });
  await hears(client, "urql stream");
});

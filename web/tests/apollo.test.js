// Apollo Client pages a timeline in both directions: what its cache holds is what a full read gives.
import assert from "node:assert/strict";
import test from "node:test";
import { ApolloClient, ApolloLink, CombinedGraphQLErrors, gql, HttpLink, InMemoryCache } from "@apollo/client/core";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { getMainDefinition, relayStylePagination } from "@apollo/client/utilities";
import { createClient } from "graphql-ws";
import WebSocket from "ws";
import { bearer, change, everything, graphql, keyAccount, LIVE, liveCursor, newAccount, socket, timelineIds } from "./support/journey.js";
import { within } from "./support/within.js";

const TIMELINE = gql`
  query Timeline($id: ID!, $first: Int, $after: String, $last: Int, $before: String) {
    account(id: $id) {
      id
      name
      timeline(first: $first, after: $after, last: $last, before: $before) {
        edges {
          cursor
          node {
            id
            kind
            title
          }
        }
        pageInfo {
          hasNextPage
          hasPreviousPage
          startCursor
          endCursor
          liveCursor
        }
      }
    }
  }
`;

function apollo() {
  const sockets = createClient({ url: socket, webSocketImpl: WebSocket, connectionParams: { Authorization: bearer() } });
  const http = new HttpLink({ uri: graphql, headers: { authorization: bearer() } });
  const live = new GraphQLWsLink(sockets);
  const client = new ApolloClient({
    link: ApolloLink.split(({ query }) => getMainDefinition(query).operation === "subscription", live, http),
    cache: new InMemoryCache({ typePolicies: { Account: { fields: { timeline: relayStylePagination(["filter"]) } } } }),
  });
  return { client, end: () => sockets.dispose() };
}

/** A watched timeline, and how to page it. */
async function watch(client, variables) {
  const query = client.watchQuery({ query: TIMELINE, variables });
  let subscription;
  const read = new Promise((done) => {
    subscription = query.subscribe(({ dataState }) => dataState === "complete" && done());
  });
  await within(read, "the first page");
  const timeline = () => client.readQuery({ query: TIMELINE, variables }).account.timeline;
  return {
    ids: () => timeline().edges.map((edge) => edge.node.id),
    info: () => timeline().pageInfo,
    older: (first) => query.fetchMore({ variables: { first, after: timeline().pageInfo.endCursor, last: null, before: null } }),
    newer: (last) => query.fetchMore({ variables: { last, before: timeline().pageInfo.startCursor, first: null, after: null } }),
    end: () => subscription.unsubscribe(),
  };
}

test("from the newest event to the oldest", async () => {
  const id = await keyAccount();
  const all = await timelineIds(id);
  const { client, end } = apollo();
  const page = await watch(client, { id, first: 100 });
  assert.deepEqual(page.ids(), all.slice(0, 100));
  for (let pages = 2; page.info().hasNextPage; pages++) {
    await page.older(100);
    assert.deepEqual(page.ids(), all.slice(0, 100 * pages));
  }
  assert.deepEqual(page.ids(), all);
  page.end();
  await end();
});

test("from the oldest event to the newest", async () => {
  const id = await keyAccount();
  const all = await timelineIds(id);
  const { client, end } = apollo();
  const page = await watch(client, { id, last: 100 });
  assert.deepEqual(page.ids(), all.slice(-100));
  for (let pages = 2; page.info().hasPreviousPage; pages++) {
    await page.newer(100);
    assert.deepEqual(page.ids(), all.slice(-100 * pages));
  }
  assert.deepEqual(page.ids(), all);
  page.end();
  await end();
});

test("from the middle to both ends, in turns", async () => {
  const id = await keyAccount();
  const all = await timelineIds(id);
  const { client, end } = apollo();
  const start = await client.query({ query: TIMELINE, variables: { id, first: 90 }, fetchPolicy: "no-cache" });
  assert.equal(start.data.account.timeline.edges.length, 90);
  const page = await watch(client, { id, first: 10, after: start.data.account.timeline.pageInfo.endCursor });
  assert.deepEqual(page.ids(), all.slice(90, 100));
  assert.deepEqual([page.info().hasPreviousPage, page.info().hasNextPage], [true, true]);
  await page.newer(30);
  assert.deepEqual(page.ids(), all.slice(60, 100));
  await page.older(40);
  assert.deepEqual(page.ids(), all.slice(60, 140));
  await page.newer(60);
  assert.deepEqual(page.ids(), all.slice(0, 140));
  assert.deepEqual([page.info().hasPreviousPage, page.info().hasNextPage], [false, true]);
  page.end();
  await end();
});

test("a mutation changes what the cache shows, and a refusal is data", async () => {
  const made = await newAccount("Apollo GmbH");
  const { client, end } = apollo();
  const update = (input) =>
    client.mutate({
      mutation: gql`
        mutation Rename($input: UpdateAccountInput!) {
          updateAccount(input: $input) {
            account {
              id
              version
              name
            }
            userErrors {
              code
              path
            }
          }
        }
      `,
      variables: { input: { id: made.id, ifVersion: made.version, ...input } },
    });
  await client.query({ query: TIMELINE, variables: { id: made.id, first: 1 } });
  const { data } = await update({ name: "Apollo AG" });
  assert.deepEqual(data.updateAccount.userErrors, []);
  assert.equal(client.cache.extract()[`Account:${made.id}`].name, "Apollo AG");
  const late = await update({ name: "Apollo KG" });
  assert.deepEqual(late.data.updateAccount, {
    __typename: "UpdateAccountPayload",
    account: null,
    userErrors: [{ __typename: "UserError", code: "VERSION_CONFLICT", path: ["ifVersion"] }],
  });
  await end();
});

test("an error has its code", async () => {
  const { client, end } = apollo();
  const query = gql`
    query Wrong($id: ID!) {
      account(id: $id) {
        id
      }
    }
  `;
  await assert.rejects(client.query({ query, variables: { id: "con_0198a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b" } }), (error) => {
    assert.ok(CombinedGraphQLErrors.is(error));
    assert.equal(error.errors[0].extensions.code, "BAD_USER_INPUT");
    return true;
  });
  await end();
});

test("a subscription over the socket", async () => {
  const { id } = await newAccount("Apollo live");
  const { client, end } = apollo();
  const variables = { subject: id, after: await liveCursor(id), filter: everything };
  const heard = new Promise((next, error) => {
    client.subscribe({ query: gql(LIVE), variables }).subscribe({ next, error });
  });
  await change(id);
  const { data } = await within(heard, "an event");
  assert.equal(data.timelineChanged.event.id, (await timelineIds(id, everything))[0]);
  await end();
});

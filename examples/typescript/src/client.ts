// Apollo Client for Journey: queries and mutations over HTTP, what is live over a socket.
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from "@apollo/client";
import { SetContextLink } from "@apollo/client/link/context";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { getMainDefinition, relayStylePagination } from "@apollo/client/utilities";
import { createClient } from "graphql-ws";
import WebSocket from "ws";

const url = process.env.JOURNEY_URL ?? "http://127.0.0.1:8080";

/** Ask your identity provider here. It is called for every request and every new socket, so a token may be short-lived. */
async function freshToken(): Promise<string> {
  return process.env.JOURNEY_TOKEN ?? "";
}

export const sockets = createClient({
  url: `${url.replace(/^http/, "ws")}/graphql`,
  connectionParams: async () => ({ Authorization: `Bearer ${await freshToken()}` }),
  // A broken subscription is not repeated as it was: timeline.ts goes on where it was.
  retryAttempts: 0,
  // Browsers, and Node 22 and later, have a WebSocket of their own: leave this out there.
  webSocketImpl: WebSocket,
});

const authorization = new SetContextLink(async ({ headers }) => ({
  headers: { ...headers, Authorization: `Bearer ${await freshToken()}` },
}));

const isLive: Parameters<typeof ApolloLink.split>[0] = ({ query }) => {
  const main = getMainDefinition(query);
  return main.kind === "OperationDefinition" && main.operation === "subscription";
};

export const client = new ApolloClient({
  link: ApolloLink.split(isLive, new GraphQLWsLink(sockets), authorization.concat(new HttpLink({ uri: `${url}/graphql` }))),
  cache: new InMemoryCache({
    // Lists are Relay connections: each filter has a list of its own, to which fetchMore adds in both directions.
    typePolicies: { Account: { fields: { timeline: relayStylePagination(["filter", "asOf", "knownAt"]) } } },
  }),
});

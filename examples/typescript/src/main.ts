// Finds an account, reads its timeline, changes it, and follows what happens.
//
//   npm start -- "Molkerei Alpenland"        until Ctrl-C
//   npm start -- "Molkerei Alpenland" 10     until ten things have happened
import { take } from "rxjs";
import { client, sockets } from "./client.js";
import { graphql } from "./generated/gql.js";
import { timelineLive } from "./timeline.js";

const [name = "Alpenland", count = "Infinity"] = process.argv.slice(2);

const FindAccount = graphql(`
  query FindAccount($name: String!) {
    accounts(first: 1, filter: { name: { contains: $name } }) {
      nodes {
        id
        name
      }
    }
  }
`);

const AccountTimeline = graphql(`
  query AccountTimeline($id: ID!, $first: Int!, $after: String) {
    account(id: $id) {
      id
      version
      description
      timeline(first: $first, after: $after) {
        totalCount
        edges {
          node {
            id
            title
            occurredAt
          }
        }
        pageInfo {
          hasNextPage
          endCursor
          liveCursor
        }
      }
    }
  }
`);

const Describe = graphql(`
  mutation Describe($input: UpdateAccountInput!) {
    updateAccount(input: $input) {
      account {
        id
        version
        description
      }
      userErrors {
        code
        path
        message
      }
    }
  }
`);

const found = await client.query({ query: FindAccount, variables: { name } });
const account = found.data?.accounts.nodes[0];
if (!account) throw new Error(`You see no account named ${name}.`);

// A page, and the next one. In an app, `timeline` is what a component watches.
const timeline = client.watchQuery({ query: AccountTimeline, variables: { id: account.id, first: 5 } });
const { data } = await timeline.refetch();
const page = data?.account?.timeline;
if (!page) throw new Error("The account is gone.");
if (page.pageInfo.hasNextPage) await timeline.fetchMore({ variables: { after: page.pageInfo.endCursor } });
const shown = client.readQuery({ query: AccountTimeline, variables: { id: account.id, first: 5 } })?.account;
console.log(`${account.name}: ${shown?.timeline?.edges.length} of ${page.totalCount} events`);
for (const { node } of shown?.timeline?.edges ?? []) console.log(`  ${node.occurredAt} ${node.title}`);

// A change, made only if nobody else was faster. A refusal is data, not an error.
const described = await client.mutate({
  mutation: Describe,
  variables: { input: { id: account.id, ifVersion: shown?.version, description: `Seen by ${process.title}` } },
});
const { userErrors = [], account: changed } = described.data?.updateAccount ?? {};
for (const error of userErrors) console.log(`refused: ${error.code} ${error.path?.join(".")} ${error.message}`);
if (changed) console.log(`changed: version ${changed.version}`);

// Live, from where the page was read: the change above is the first thing that arrives.
timelineLive(account.id, page.pageInfo.liveCursor)
  .pipe(take(Number(count)))
  .subscribe({
    next: ({ event }) => console.log(`live: ${event.occurredAt} ${event.title}`),
    error: (error: Error) => console.error(`ended: ${error.message}`),
    complete: () => void sockets.dispose(),
  });

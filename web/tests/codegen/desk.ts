// What a front end writes against its contract. It is never run: `tsc --strict` reads it, once for every role that has
// accounts. A line under `@ts-expect-error` must not compile.
import type { ResultOf, VariablesOf } from "@graphql-typed-document-node/core";
import { useFragment as read, type FragmentType } from "./generated/fragment-masking.js";
import { graphql } from "./generated/gql.js";

const Event = graphql(`
  fragment Event on JourneyEvent {
    __typename
    id
    kind
    title
    occurredAt
    ... on StageEvent {
      stage
      enteredAt
    }
  }
`);

const Accounts = graphql(`
  query Accounts($first: Int, $after: String, $name: String!) {
    accounts(first: $first, after: $after, filter: { name: { contains: $name } }) {
      totalCount
      nodes {
        id
        version
        name
        timeline(first: 10) {
          nodes {
            ...Event
          }
          pageInfo {
            liveCursor
          }
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

const Live = graphql(`
  subscription Live($subject: ID!, $after: String) {
    timelineChanged(subject: $subject, after: $after) {
      cursor
      event {
        ...Event
      }
    }
  }
`);

const variables: VariablesOf<typeof Accounts> = { name: "bau", first: 10 };
// @ts-expect-error: `name` is needed
const incomplete: VariablesOf<typeof Accounts> = { first: 10 };
// @ts-expect-error: an id is text
const wrong: VariablesOf<typeof Live> = { subject: 7 };

export function headlines(data: ResultOf<typeof Accounts>): string[] {
  const ids: string[] = data.accounts.nodes.map((account) => account.id);
  const versions: number[] = data.accounts.nodes.map((account) => account.version);
  // @ts-expect-error: it was not asked for
  data.accounts.nodes.map((account) => account.website);
  const events = data.accounts.nodes.flatMap((account) => account.timeline?.nodes ?? []);
  return [...ids, ...versions.map(String), ...events.map(headline)];
}

export function headline(masked: FragmentType<typeof Event>): string {
  const event = read(Event, masked);
  if (event.__typename === "StageEvent") return `${event.stage ?? "no stage"} since ${event.enteredAt ?? "ever"}`;
  // @ts-expect-error: only a StageEvent has a stage
  event.stage;
  return `${event.occurredAt} ${event.title}`;
}

export function next(data: ResultOf<typeof Live>): [cursor: string, text: string] {
  return [data.timelineChanged.cursor, headline(data.timelineChanged.event)];
}

export const used = [variables, incomplete, wrong];

// What a Relay app writes: a page with fragments, a list and a timeline that page in both directions, refetching by id,
// a mutation, and a subscription whose events are put at the head of the connection.
import { graphql } from "relay-runtime";

export const page = graphql`
  query accountPageQuery($id: ID!) {
    account(id: $id) {
      ...account_header
      ...account_contacts
      ...account_timeline
    }
    node(id: $id) {
      ...account_header @alias(as: "asAccount")
    }
  }
`;

export const header = graphql`
  fragment account_header on Account @refetchable(queryName: "accountHeaderRefetchQuery") {
    id
    version
    name
    lifecycleStage
    owner {
      name
    }
  }
`;

export const contacts = graphql`
  fragment account_contacts on Account
  @argumentDefinitions(count: { type: "Int", defaultValue: 20 }, cursor: { type: "String" })
  @refetchable(queryName: "accountContactsPageQuery") {
    contacts(first: $count, after: $cursor) @connection(key: "account_contacts") {
      edges {
        node {
          id
          name
        }
      }
    }
  }
`;

export const timeline = graphql`
  fragment account_timeline on Account
  @argumentDefinitions(
    first: { type: "Int" }
    after: { type: "String" }
    last: { type: "Int" }
    before: { type: "String" }
    filter: { type: "TimelineFilter" }
  )
  @refetchable(queryName: "accountTimelinePageQuery") {
    timeline(first: $first, after: $after, last: $last, before: $before, filter: $filter)
      @connection(key: "account_timeline", filters: ["filter"]) {
      edges {
        node {
          ...account_event
        }
      }
      pageInfo {
        liveCursor
      }
    }
  }
`;

export const event = graphql`
  fragment account_event on JourneyEvent {
    id
    kind
    title
    occurredAt
    ... on StageEvent {
      stage
    }
  }
`;

export const accounts = graphql`
  query accountListQuery($first: Int!, $after: String) {
    accounts(first: $first, after: $after) @connection(key: "query_accounts") {
      edges {
        node {
          ...account_header
        }
      }
    }
  }
`;

export const rename = graphql`
  mutation accountRenameMutation($input: UpdateAccountInput!) {
    updateAccount(input: $input) {
      account {
        ...account_header
      }
      userErrors {
        code
        path
        message
      }
    }
  }
`;

export const live = graphql`
  subscription accountLiveSubscription($subject: ID!, $after: String!, $connections: [ID!]!) {
    timelineChanged(subject: $subject, after: $after) {
      cursor
      event @prependNode(connections: $connections, edgeTypeName: "TimelineEdge") {
        ...account_event
      }
    }
  }
`;

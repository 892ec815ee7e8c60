// A live timeline that survives a broken line: no gap, no repeat.
import { CombinedGraphQLErrors } from "@apollo/client";
import { defer, map, type Observable, repeat, retry, tap, throwError, timer } from "rxjs";
import { client } from "./client.js";
import { graphql } from "./generated/gql.js";
import type { TimelineLiveSubscription } from "./generated/graphql.js";

const TimelineLive = graphql(`
  subscription TimelineLive($subject: ID!, $after: String!) {
    timelineChanged(subject: $subject, after: $after, filter: { minImportance: 0 }) {
      cursor
      event {
        id
        kind
        title
        occurredAt
      }
    }
  }
`);

type Change = TimelineLiveSubscription["timelineChanged"];

/** Everything that is recorded about the subject from `after` on: the `liveCursor` of the page that you show. */
export function timelineLive(subject: string, after: string): Observable<Change> {
  return defer(() => client.subscribe({ query: TimelineLive, variables: { subject, after } })).pipe(
    map(({ data, error }) => {
      if (error) throw error;
      return (data as TimelineLiveSubscription).timelineChanged;
    }),
    // The next try goes on after the last event that arrived.
    tap((change) => (after = change.cursor)),
    retry({ delay: (error: unknown) => (isFinal(error) ? throwError(() => error) : timer(500)) }),
    // A server that stops ends the stream politely; another one goes on.
    repeat({ delay: 500 }),
  );
}

/** The server has said why it ended: with RIGHTS_CHANGED read the page again, with UNAUTHENTICATED sign in again. */
function isFinal(error: unknown): boolean {
  return CombinedGraphQLErrors.is(error);
}

"""Finds an account, reads its timeline, and follows what happens.

    python journey.py "Molkerei Alpenland"        until Ctrl-C
    python journey.py "Molkerei Alpenland" 10     until ten things have happened
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator

from gql import Client, GraphQLRequest
from gql.transport.aiohttp import AIOHTTPTransport
from gql.transport.exceptions import TransportError, TransportQueryError
from gql.transport.websockets import WebsocketsTransport

URL = os.environ.get("JOURNEY_URL", "http://127.0.0.1:8080") + "/graphql"
AUTHORIZATION = {"Authorization": f"Bearer {os.environ['JOURNEY_TOKEN']}"}

FIND = """
query Find($name: String!) {
  accounts(first: 1, filter: { name: { contains: $name } }) { nodes { id name } }
}
"""

TIMELINE = """
query Timeline($id: ID!, $after: String) {
  timeline(subject: $id, first: 100, after: $after) {
    totalCount
    nodes { id title occurredAt }
    pageInfo { hasNextPage endCursor liveCursor }
  }
}
"""

LIVE = """
subscription Live($id: ID!, $after: String!) {
  timelineChanged(subject: $id, after: $after, filter: { minImportance: 0 }) {
    cursor
    event { id title occurredAt }
  }
}
"""


async def read(session, subject: str) -> tuple[list[dict], str]:
    """The whole timeline, newest first, and where to go on live."""
    events, live, after = [], None, None
    while True:
        page = await session.execute(GraphQLRequest(TIMELINE, variable_values={"id": subject, "after": after}))
        timeline = page["timeline"]
        events += timeline["nodes"]
        # The first page's position: what is recorded while we read on arrives live.
        live = live or timeline["pageInfo"]["liveCursor"]
        if not timeline["pageInfo"]["hasNextPage"]:
            return events, live
        after = timeline["pageInfo"]["endCursor"]


async def follow(subject: str, after: str) -> AsyncIterator[dict]:
    """What is recorded from `after` on. After a broken line it goes on where it was: no gap, no repeat."""
    while True:
        socket = WebsocketsTransport(
            url=URL.replace("http", "ws", 1),
            init_payload=AUTHORIZATION,
            # Named, because gql takes a server whose header is in small letters for one of the older protocol.
            subprotocols=[WebsocketsTransport.GRAPHQLWS_SUBPROTOCOL],
        )
        try:
            async with Client(transport=socket) as session:
                live = GraphQLRequest(LIVE, variable_values={"id": subject, "after": after})
                async for answer in session.subscribe(live):
                    after = answer["timelineChanged"]["cursor"]
                    yield answer["timelineChanged"]["event"]
        except TransportQueryError:
            raise  # The server said why it ended, with a code: RIGHTS_CHANGED, UNAUTHENTICATED ...
        except (TransportError, OSError):
            await asyncio.sleep(0.5)


async def main(name: str, count: int | None) -> None:
    http = AIOHTTPTransport(url=URL, headers=AUTHORIZATION)
    async with Client(transport=http) as session:
        found = await session.execute(GraphQLRequest(FIND, variable_values={"name": name}))
        if not found["accounts"]["nodes"]:
            sys.exit(f"You see no account named {name}.")
        account = found["accounts"]["nodes"][0]
        events, live = await read(session, account["id"])
        print(f"{account['name']}: {len(events)} events")
        for event in events[:5]:
            print(f"  {event['occurredAt']} {event['title']}")

    print(f"following {account['name']}", flush=True)
    heard = 0
    async for event in follow(account["id"], live):
        print(f"live: {event['occurredAt']} {event['title']}", flush=True)
        heard += 1
        if heard == count:
            return


if __name__ == "__main__":
    arguments = sys.argv[1:]
    asyncio.run(main(
        name=arguments[0] if arguments else "Alpenland",
        count=int(arguments[1]) if len(arguments) > 1 else None,
    ))

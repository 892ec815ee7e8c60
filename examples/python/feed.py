"""Keeps a copy of a tenant in a file: a snapshot first, then whatever changes. Python 3.9 or later, nothing else.

    python3 feed.py copy.json            until Ctrl-C
    python3 feed.py copy.json --once     up to now

Stop it wherever you like: the copy and its cursor are one file, which is replaced as a whole.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request

URL = os.environ.get("JOURNEY_URL", "http://127.0.0.1:8080") + "/graphql"

# What is copied: the list, the type of its records, its name in the feed, and the fields. Names that mean another type elsewhere are
# called differently here: all of these stand in one document.
COPIED = [
    ("accounts", "Account", "ACCOUNT", "name legalName tier country lifecycleStage annualRevenue { amount currency } owner { id }"),
    ("contacts", "Contact", "CONTACT", "givenName familyName jobTitle lifecycleStage account { id } owner { id }"),
    ("leads", "Lead", "LEAD", "leadStatus: status score account { id } contact { id } owner { id }"),
    ("opportunities", "Opportunity", "OPPORTUNITY", "name stage amount { amount currency } closeDate account { id } owner { id }"),
    ("products", "Product", "PRODUCT", "code name"),
    ("assets", "Asset", "ASSET", "name serial account { id } product { id }"),
    ("tickets", "Ticket", "TICKET", "number subject ticketStatus: status account { id } contact { id } asset { id } owner { id }"),
]
FIELDS = {name: f"fragment {name}Copied on {name} {{ id version {fields} }}" for _, name, _, fields in COPIED}

CHANGES = """
query Changes($after: String, $entities: [FeedEntity!]) {
  changes(after: $after, entities: $entities, first: 200) {
    nodes { id record { __typename %s } }
    endCursor
    hasNextPage
  }
}
""" % " ".join(f"...{name}Copied" for name in FIELDS) + "\n".join(FIELDS.values())


class Refused(Exception):
    """What the server said, with its code."""

    def __init__(self, error: dict):
        super().__init__(error["message"])
        self.code = error.get("extensions", {}).get("code")


def ask(query: str, **variables) -> dict:
    """The answer. While the server is away, it waits: nothing is lost by that."""
    headers = {"Authorization": f"Bearer {os.environ['JOURNEY_TOKEN']}", "Content-Type": "application/json"}
    body = json.dumps({"query": query, "variables": variables}).encode()
    while True:
        try:
            with urllib.request.urlopen(urllib.request.Request(URL, body, headers), timeout=60) as response:
                answer = json.load(response)
        except urllib.error.HTTPError as refusal:
            if refusal.code in (429, 500, 502, 503, 504):
                time.sleep(1)
                continue
            answer = json.load(refusal)
        except OSError:
            time.sleep(1)
            continue
        # Half an answer is none: what is missing would look as if it were gone.
        if answer.get("errors"):
            raise Refused(answer["errors"][0])
        return answer["data"]


def snapshot() -> dict:
    """Everything, and the cursor from which the feed brings what changed meanwhile."""
    # First the cursor, then the lists. The other way round, what changes in between would be missed.
    cursor = ask("{ feed { position } }")["feed"]["position"]
    rows = {}
    for field, name, _, _ in COPIED:
        query = f"query ($after: String) {{ list: {field}(first: 100, after: $after) {{ nodes {{ ...{name}Copied }} pageInfo {{ hasNextPage endCursor }} }} }}"
        page = {"hasNextPage": True, "endCursor": None}
        while page["hasNextPage"]:
            answer = ask(query + FIELDS[name], after=page["endCursor"])["list"]
            rows.update((row["id"], {"__typename": name, **row}) for row in answer["nodes"])
            page = answer["pageInfo"]
    return {"cursor": cursor, "rows": rows}


def apply(rows: dict, change: dict) -> None:
    """Puts the record as it is now in the place of what is held: done twice, it does no harm."""
    if change["record"]:
        rows[change["id"]] = change["record"]
        return
    rows.pop(change["id"], None)
    # Nothing refers to what is gone.
    for row in rows.values():
        for field, value in row.items():
            if value == {"id": change["id"]}:
                row[field] = None


def save(path: str, copy: dict) -> None:
    """The old file, or the new one: never half of it."""
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump(copy, file, ensure_ascii=False, indent=1)
        file.flush()
        os.fsync(file.fileno())
    os.replace(path + ".new", path)


def read(path: str) -> dict:
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return snapshot()


def main(path: str, once: bool) -> None:
    copy = read(path)
    save(path, copy)
    entities = [entity for _, _, entity, _ in COPIED]
    while True:
        try:
            page = ask(CHANGES, after=copy["cursor"], entities=entities)["changes"]
        except Refused as refusal:
            # The feed is no longer kept that far back, or was read with other rights: from the beginning.
            if refusal.code not in ("CURSOR_EXPIRED", "RIGHTS_CHANGED"):
                raise
            copy = snapshot()
            save(path, copy)
            continue
        for change in page["nodes"]:
            apply(copy["rows"], change)
        if page["endCursor"] != copy["cursor"]:
            copy["cursor"] = page["endCursor"]
            save(path, copy)
            print(f"{len(page['nodes'])} changes, {len(copy['rows'])} records", flush=True)
        if page["hasNextPage"]:
            continue
        if once:
            return
        time.sleep(1)


if __name__ == "__main__":
    try:
        main(sys.argv[1], once="--once" in sys.argv[2:])
    except Refused as refusal:
        sys.exit(f"{refusal.code}: {refusal}")
    except KeyboardInterrupt:
        pass

"""Sends rows of a system of your own, as often as you like: what is known is left, what differs is changed. Python 3.9 or later,
nothing else.

    python3 sync.py mycrm accounts.ndjson contacts.ndjson

The name of a file says what its rows are. Stop it wherever you like, and run it again: nothing is taken twice.
"""

import hashlib
import json
import os
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

URL = os.environ.get("JOURNEY_URL", "http://127.0.0.1:8080") + "/graphql"
# A batch is a request, which is 1 MB at most.
BATCH_ROWS, BATCH_BYTES = 1000, 800_000

UPSERT = """
mutation Sync($input: Upsert%(kind)sInput!) {
  answer: upsert%(kind)s(input: $input) {
    rows { externalId result errors { code path message } }
    totals { created updated unchanged failed conflict }
    userErrors { code message }
  }
}
"""


def batches(path: Path):
    """Rows in batches that fit into a request."""
    batch, size = [], 0
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.strip():
            continue
        if len(batch) == BATCH_ROWS or (batch and size + len(line) > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(json.loads(line))
        size += len(line)
    if batch:
        yield batch


def send(source: str, kind: str, rows: list) -> dict:
    """What became of a batch. A lost answer is asked for again: the key, made of the batch, keeps it from being done twice."""
    key = hashlib.sha256(json.dumps([source, kind, rows]).encode()).hexdigest()
    asked = {"source": source, "errorPolicy": "SKIP_FAILED", "orphans": "LEAVE", "idempotencyKey": key, "rows": rows}
    body = json.dumps({"query": UPSERT % {"kind": kind}, "variables": {"input": asked}}).encode()
    headers = {"Authorization": f"Bearer {os.environ['JOURNEY_TOKEN']}", "Content-Type": "application/json"}
    while True:
        try:
            with urllib.request.urlopen(urllib.request.Request(URL, body, headers), timeout=120) as response:
                answer = json.load(response)
            break
        except urllib.error.HTTPError as refusal:
            if refusal.code not in (429, 500, 502, 503, 504):
                raise SystemExit(f"{refusal.code}: {refusal.read().decode()}")
        except OSError:
            pass
        time.sleep(1)
    if "errors" in answer:
        raise SystemExit(answer["errors"][0]["message"])
    refused = answer["data"]["answer"]["userErrors"]
    if refused:
        raise SystemExit(refused[0]["message"])
    return answer["data"]["answer"]


def main() -> int:
    source, paths, wrong = sys.argv[1], [Path(path) for path in sys.argv[2:]], 0
    for path in paths:
        kind, sums = path.stem.capitalize(), {}
        for batch in batches(path):
            answer = send(source, kind, batch)
            for name, count in answer["totals"].items():
                sums[name] = sums.get(name, 0) + count
            for row in answer["rows"]:
                for error in row["errors"]:
                    print(f"{path.name}: {row['externalId']}: {row['result']}: {'.'.join(error['path'])}: {error['message']}")
            wrong += answer["totals"]["failed"] + answer["totals"]["conflict"]
        print(f"{path.name}: " + ", ".join(f"{count} {name}" for name, count in sums.items()))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

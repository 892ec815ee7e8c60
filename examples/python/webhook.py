"""Receives webhooks: verifies each message, does it once, answers at once. Copy `received`. Python 3.9 or later.

    WEBHOOK_SECRET=whsec_… python webhook.py 9000          until Ctrl-C
    WEBHOOK_SECRET=whsec_… python webhook.py 9000 3        until three messages are done

WEBHOOK_SECRET is what createWebhookEndpoint told you.
"""

import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

WEBHOOK = Webhook(os.environ["WEBHOOK_SECRET"])

# Messages come at least once: what is done is remembered by its id. A program that lives longer keeps them where its work is.
DONE = set()
ONE_AT_A_TIME = Lock()
ENOUGH = Event()
MOST = int(sys.argv[2]) if len(sys.argv) > 2 else 0


def received(body: bytes, headers: dict) -> int:
    """What to answer. 2xx: never again. Anything else: Journey comes back."""
    try:
        # The very bytes that came: what was read and written anew is no longer what was signed.
        message = WEBHOOK.verify(body, headers)
    except (WebhookVerificationError, ValueError) as error:
        print(f"refused: {error}", flush=True)
        return 400
    message_id = headers["webhook-id"]
    with ONE_AT_A_TIME:
        if message_id in DONE:
            return 204
        # Here the work goes: quickly, or into a queue. To learn the record's state, ask for data["id"].
        data = message["data"]
        version = "-" if data["version"] is None else data["version"]
        print(f"{message['type']} {data['id']} {version} {','.join(data['changedFields'])}".rstrip(), flush=True)
        DONE.add(message_id)
    return 204


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(min(int(self.headers.get("content-length", 0)), 64 * 1024))
        self.send_response(received(body, {name.lower(): value for name, value in self.headers.items()}))
        self.end_headers()
        if MOST and len(DONE) >= MOST:
            ENOUGH.set()

    def log_message(self, *_):
        pass


def main(port: int) -> None:
    with ThreadingHTTPServer(("127.0.0.1", port), Receiver) as server:
        print(f"receiving at http://127.0.0.1:{server.server_address[1]}/", flush=True)
        Thread(target=server.serve_forever, daemon=True).start()
        ENOUGH.wait()
        server.shutdown()


if __name__ == "__main__":
    try:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 9000)
    except KeyboardInterrupt:
        pass

"""Receive webhooks of palmsite and check that they are genuine. Python 3.11, standard library only.

    PALMSITE_WEBHOOK_SECRET=whsec_... python webhook.py 9000

Add http://your-host:9000/ on the page Webhooks of your account; its secret is shown there once.
"""

import hashlib
import hmac
import json
import os
import sys
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer

OLDEST_SECONDS = 300
MOST_BYTES = 1 << 20


def is_genuine(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> bool:
    """Whether the holder of the secret has signed this body, and lately."""
    timestamp = headers.get("Palmsite-Timestamp", "")
    if not timestamp.isdigit() or abs(now - int(timestamp)) > OLDEST_SECONDS:
        return False
    digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(f"v1={digest}", headers.get("Palmsite-Signature", ""))


class Receiver(BaseHTTPRequestHandler):
    """Prints every genuine message and answers 204; to all else 403."""

    seen: set[str] = set()

    def do_POST(self) -> None:
        """Take one message."""
        body = self.rfile.read(min(int(self.headers.get("Content-Length", 0)), MOST_BYTES))
        secret = os.environ["PALMSITE_WEBHOOK_SECRET"]
        if not is_genuine(secret, self.headers, body, time.time()):
            self.send_error(403)
            return
        message = json.loads(body)
        # A message may come twice; its id is then the same.
        if message["id"] not in self.seen:
            self.seen.add(message["id"])
            order = message.get("order", {})
            sys.stdout.write(f"{message['event']} {order.get('id', '')} {order.get('state', '')}\n")
            sys.stdout.flush()
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_anything: object) -> None:
        """Say nothing but what was received."""


if __name__ == "__main__":
    HTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver).serve_forever()

"""Who looks around a site: locust runs this file in a process of its own, for its gevent replaces parts of Python.

locust -f tests/benchmarks/visitors.py --headless --host ADDRESS --users N --run-time 60s --site site.json
site.json: {"sessions": ["key", ...], "pages": {"kind": ["/path", ...]}, "pictures": ["/path", ...]}
"""

import json
import random
from pathlib import Path

from locust import FastHttpUser, between, events, task

PICTURES = 8


@events.init_command_line_parser.add_listener
def _add_arguments(parser):
    parser.add_argument("--site", type=Path, help="sessions and paths as JSON")


@events.init.add_listener
def _read_site(environment, **_more):
    site = json.loads(environment.parsed_options.site.read_text())
    Visitor.sessions = iter(site["sessions"])
    Visitor.pages, Visitor.pictures = site["pages"], site["pictures"]


class Visitor(FastHttpUser):
    """Somebody with a session who looks at a page, thinks, and looks at another."""

    wait_time = between(0.5, 1.5)

    def on_start(self):
        self.cookie = f"sessionid={next(self.sessions)}"

    @task
    def look(self):
        """A page of any kind, each as often; a gallery with its pictures."""
        kind = random.choice(list(self.pages))
        self.get(kind, random.choice(self.pages[kind]))
        if kind == "gallery":
            for path in random.sample(self.pictures, PICTURES):
                self.get("thumb", path)

    def get(self, kind, path):
        """Ask; an answer that leads elsewhere, as to signing in, is none."""
        asked = self.client.get(
            path,
            name=kind,
            headers={"Cookie": self.cookie},
            allow_redirects=False,
            catch_response=True,
        )
        with asked as answer:
            if answer.status_code != 200:
                answer.failure(f"status {answer.status_code}")

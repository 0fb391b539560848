"""People at their windows: threads that look at pages and pictures of one site, think, and go on. Counts and times."""

import http.client
import random
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field

THINKS = (0.5, 1.5)
THUMBS = 8


@dataclass
class Seen:
    """What all people met, by kind of request: seconds of each answer, and what was no answer."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, kind: str, seconds: float, status: int) -> None:
        """Note one request."""
        with self.lock:
            if status == 200:
                self.seconds[kind].append(seconds)
            else:
                self.errors[f"{kind}: {status}"] += 1

    def table(self, over: float) -> dict[str, object]:
        """Median, 95th percentile and number for each kind; errors; how much was answered a second."""
        kinds = {
            kind: {
                "n": len(each),
                "median_ms": round(1000 * quantile(each, 0.5)),
                "p95_ms": round(1000 * quantile(each, 0.95)),
            }
            for kind, each in sorted(self.seconds.items())
        }
        asked = sum(map(len, self.seconds.values()))
        return {
            "kinds": kinds,
            "requests": asked + sum(self.errors.values()),
            "errors": dict(self.errors),
            "a_second": round(asked / over, 1),
        }


def quantile(numbers: list[float], share: float) -> float:
    """The number below which so many lie."""
    ordered = sorted(numbers)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Person(threading.Thread):
    """Somebody with a session who looks around until the time is over."""

    def __init__(self, port: int, cookie: str, ways: dict[str, list[str]], until: float, seen: Seen) -> None:
        super().__init__(daemon=True)
        self.port, self.cookie, self.ways, self.until, self.seen = port, cookie, ways, until, seen
        self.random = random.Random(cookie)
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def run(self) -> None:
        """Look at a page with its pictures, think, look at another."""
        time.sleep(self.random.uniform(0, THINKS[1]))
        while time.monotonic() < self.until:
            kind = self.random.choice([kind for kind in self.ways if kind != "thumb"])
            self.get(kind, self.random.choice(self.ways[kind]))
            if kind == "gallery":
                for path in self.random.sample(self.ways["thumb"], THUMBS):
                    self.get("thumb", path)
            time.sleep(self.random.uniform(*THINKS))
        self.connection.close()

    def get(self, kind: str, path: str) -> None:
        """One request on the connection that a browser would keep."""
        began = time.monotonic()
        try:
            self.connection.request("GET", path, headers={"Cookie": f"sessionid={self.cookie}"})
            answer = self.connection.getresponse()
            answer.read()
            status = answer.status
        except (OSError, http.client.HTTPException):
            self.connection.close()
            status = 0
        self.seen.add(kind, time.monotonic() - began, status)


def browse(port: int, cookies: list[str], ways: dict[str, list[str]], seconds: float) -> dict[str, object]:
    """Let all people look around for so long."""
    seen, until = Seen(), time.monotonic() + seconds
    people = [Person(port, cookie, ways, until, seen) for cookie in cookies]
    for person in people:
        person.start()
    for person in people:
        person.join(seconds + 120)
    return seen.table(seconds)

"""Order a set of palm images, wait for it, download it and verify it. Python 3.11, standard library only.

    PALMSITE_URL=http://localhost:8000 PALMSITE_TOKEN=palm_... python client.py 200 palms.zip --seed 4711

A broken download goes on where it stopped: run the same line again with `--set ID`.
"""

import argparse
import csv
import hashlib
import io
import json
import os
import sys
import time
import urllib.error
import urllib.request
import uuid
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHUNK = 1 << 20


class RefusedError(Exception):
    """The site says no; the message says why."""


@dataclass(frozen=True)
class Order:
    """An order as the site shows it."""

    id: str
    set: str
    state: str
    done: int
    total: int
    message: str

    @classmethod
    def read(cls, body: dict[str, Any]) -> "Order":
        """Take what is needed from an answer."""
        return cls(**{name: body[name] for name in cls.__dataclass_fields__})


class Palmsite:
    """The few calls that an order takes."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url.rstrip("/") + "/api/v1"
        self.token = token

    def order(self, count: int, key: str = "", **wishes: Any) -> Order:
        """Order images. With the same `key` a second call gives the first call's order."""
        headers = {"Idempotency-Key": key or str(uuid.uuid4())}
        return Order.read(self._json("POST", "/orders", {"count": count, **wishes}, headers))

    def wait(self, order: Order, seconds: float = 3600, every: float = 1.0) -> Order:
        """Look until the order has ended."""
        deadline = time.monotonic() + seconds
        while order.state == "open":
            if time.monotonic() > deadline:
                raise RefusedError(f"{order.done} of {order.total} after {seconds:.0f} s")
            time.sleep(every)
            order = Order.read(self._json("GET", f"/orders/{order.id}"))
        if order.state != "done":
            raise RefusedError(f"{order.state}: {order.message}")
        return order

    def download(self, set_id: str, path: Path, query: str = "format=zip") -> Path:
        """Download a set; what is there of an earlier try is kept, unless the set has changed since."""
        partial, mark = path.with_name(path.name + ".part"), path.with_name(path.name + ".etag")
        start = partial.stat().st_size if partial.exists() and mark.exists() else 0
        headers = {"Range": f"bytes={start}-", "If-Range": mark.read_text()} if start else {}
        try:
            with self._open("GET", f"/sets/{set_id}/download?{query}", None, headers) as answer:
                mark.write_text(answer.headers["ETag"])
                with partial.open("ab" if answer.status == 206 else "wb") as file:
                    while data := answer.read(CHUNK):
                        file.write(data)
        except urllib.error.HTTPError as error:
            if error.code != 416:  # 416: all of it is here already
                raise
        partial.replace(path)
        mark.unlink()
        return path

    def _json(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        try:
            with self._open(method, path, body, headers or {}) as answer:
                found: dict[str, Any] = json.load(answer)
                return found
        except urllib.error.HTTPError as error:
            problem = json.load(error)
            raise RefusedError(f"{problem['status']} {problem['code']}: {problem['detail']}") from error

    def _open(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        request.add_header("Authorization", f"Bearer {self.token}")
        if data is not None:
            request.add_header("Content-Type", "application/json")
        return urllib.request.urlopen(request, timeout=60)


def verify(path: Path) -> int:
    """Compare every image with the manifest's hash; how many there are."""
    with zipfile.ZipFile(path) as archive:
        rows = list(csv.DictReader(io.StringIO(archive.read("manifest.csv").decode())))
        for row in rows:
            if hashlib.sha256(archive.read(row["file"])).hexdigest() != row["sha256"]:
                raise RefusedError(f"{row['file']} is not what the manifest says")
    return len(rows)


def main() -> int:
    """Read the command line and do it all."""
    parser = argparse.ArgumentParser(description="Order, wait, download, verify.")
    parser.add_argument("count", type=int)
    parser.add_argument("path", type=Path)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--model", default="")
    parser.add_argument("--set", default="", help="download this set instead of ordering one")
    wish = parser.parse_args()
    site = Palmsite(os.environ["PALMSITE_URL"], os.environ["PALMSITE_TOKEN"])
    try:
        set_id = wish.set
        if not set_id:
            order = site.wait(site.order(wish.count, seed=wish.seed, model=wish.model))
            set_id = order.set
        path = site.download(set_id, wish.path)
        sys.stdout.write(f"{path}: {verify(path)} images of set {set_id}, all as the manifest says\n")
    except (RefusedError, urllib.error.URLError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The campaign of sizes: data sets made by a script go through a real site's lab, from upload to a second fit.

python -m tests.campaigns.lab_size [--images 1000 20000 120000] [--output FILE]

Each size gets a site of its own, so that its memory is known: the highest of any process, from start to end.
"""

import argparse
import json
import os
import platform
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

from tests.campaigns import lab_data
from tests.campaigns.processes import Watch
from tests.e2e.house import House, temporary

SIZES = (1_000, 20_000, 120_000)
CHUNK = 8 * 2**20
EVERY_SECONDS = 1.0
WITHIN_SECONDS = 4 * 3600
EDA_SECONDS, FIT_SECONDS = 300, 30
GROWTH = 64 * 2**20  # memory that may come with a hundred times as many images
FIT = {"input_size": 32, "num_epochs": 1}


class Visitor:
    """Somebody with a token who uses the API."""

    def __init__(self, house: House) -> None:
        self._address = f"{house.address}/api/v1"
        self._token = house.manage("token", "admin", "--name", "campaign").strip()

    def call(self, method: str, path: str, content: Any = None, **headers: str) -> Any:
        """One request; bytes go as they are, everything else as JSON."""
        headers |= {"Authorization": f"Token {self._token}"}
        if content is not None and not isinstance(content, bytes):
            content = json.dumps(content).encode()
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(
            f"{self._address}/{path}", data=content, headers=headers, method=method
        )
        with urllib.request.urlopen(request, timeout=600) as answer:
            return json.loads(answer.read() or b"null")

    def upload(self, path: Path) -> str:
        """Send a file in chunks, as the page does."""
        size = path.stat().st_size
        begun = self.call("POST", "uploads", {"purpose": "lab-dataset", "name": path.name, "size": size})
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                at = {"Upload-Offset": str(file.tell() - len(chunk))}
                self.call(
                    "PATCH",
                    f"uploads/{begun['id']}",
                    chunk,
                    **at,
                    **{"Content-Type": "application/octet-stream"},
                )
        self.call("POST", f"uploads/{begun['id']}/finish")
        return str(begun["id"])

    def until_ready(self, path: str) -> Any:
        """Ask until it is made."""
        deadline = time.monotonic() + WITHIN_SECONDS
        while (answer := self.call("GET", path))["state"] == "waiting":
            assert time.monotonic() < deadline, answer
            time.sleep(EVERY_SECONDS)
        assert answer["state"] == "ready", answer
        return answer


def measure(images: int) -> dict[str, Any]:
    """One data set of so many images, from upload to the second fit."""
    with temporary() as name:
        folder = Path(name)
        packed = lab_data.archive(folder / "palms.zip", images)
        house = House(folder, PALMSITE_LEASE_SECONDS="60")
        house.start()
        try:
            return {"images": images, "archive_bytes": packed, **_stages(house, folder / "palms.zip", images)}
        finally:
            house.stop()


def _stages(house: House, archive: Path, images: int) -> dict[str, Any]:
    person, watch = Visitor(house), Watch(house.process.pid)
    found: dict[str, Any] = {}
    try:
        with _Stage(found, watch, "eda"):
            upload = person.upload(archive)
            person.call("POST", "lab/datasets", {"id": "palms", "upload": upload})
            person.until_ready("lab/datasets/palms")
            eda = person.call("GET", "lab/eda?dataset=palms")
        counted = {
            f"{split}/{label}": eda[split][f"{label}_cnt"]
            for split in ("train", "test")
            for label in ("real", "fake")
        }
        assert counted == lab_data.truth(images), counted
        for stage in ("first_fit", "second_fit"):
            with _Stage(found, watch, stage):
                person.call("POST", "lab/fit", {"id": stage, "dataset": "palms", **FIT})
                model = person.until_ready(f"lab/models/{stage}")
            found[f"{stage}_of_features"] = model["feature_seconds"]
            found[f"{stage}_itself"] = model["fit_seconds"]
        found["backbone"], found["accuracy"] = model["type_nn_pretrain"], model["accuracy"]
    finally:
        watch.stop()
    return found


class _Stage:
    """Notes how long a stage took, by the clock and of the processors, and the highest memory up to its end."""

    def __init__(self, found: dict[str, Any], watch: Watch, name: str) -> None:
        self._found, self._watch, self._name = found, watch, name

    def __enter__(self) -> None:
        self._clock, self._spent = time.monotonic(), self._watch.seconds

    def __exit__(self, *_error: object) -> None:
        time.sleep(1)
        self._found[f"{self._name}_seconds"] = round(time.monotonic() - self._clock - 1, 1)
        self._found[f"{self._name}_cpu_seconds"] = round(self._watch.seconds - self._spent, 1)
        self._found[f"{self._name}_peak_mb"] = round(self._watch.peak / 2**20)


def faults(rows: list[dict[str, Any]]) -> list[str]:
    """What does not keep what was promised; nothing is good."""
    found = []
    for row in rows:
        for name, most in (("eda_seconds", EDA_SECONDS), ("second_fit_seconds", FIT_SECONDS)):
            if row[name] > most:
                found.append(f"{row['images']:,} images: {name} {row[name]} is over {most}")
    for name in ("eda_peak_mb", "second_fit_peak_mb"):
        growth = (rows[-1][name] - rows[0][name]) * 2**20
        if growth > GROWTH:
            found.append(f"{name} grows by {growth // 2**20} MB, more than {GROWTH // 2**20}")
    return found


def main() -> None:
    """Measure the sizes and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--output", type=Path)
    args = parser.parse_args()
    rows = []
    for images in args.images:
        rows.append(measure(images))
        print(json.dumps(rows[-1]), file=sys.stderr)
    result = {
        "command": "python -m tests.campaigns.lab_size " + " ".join(sys.argv[1:]),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "load_at_end": round(os.getloadavg()[0], 1),
        "rows": rows,
        "faults": faults(rows),
    }
    text = json.dumps(result, indent=2) + "\n"
    if args.output:
        args.output.write_text(text)
    print(text)


if __name__ == "__main__":
    main()

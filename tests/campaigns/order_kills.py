"""The campaign of kills on one order: kill -9 of the worker again and again, then compare with an undisturbed one.

python -m tests.campaigns.order_kills [--kills 50] [--count 2000] [--seed 1] [--database sqlite postgresql]
    [--output FILE]
"""

import argparse
import json
import os
import platform
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.campaigns.orders import LEASE, order_house
from tests.jobs.house import House, alive, kill
from tests.postgres import PostgresServer

WITHIN = 3600.0
MOST_RESUMED = 3
CANDIDATES = 4  # slow enough that a kill finds the worker between two batches as often as inside one


class Campaign:
    """One run on one database."""

    def __init__(self, database: str, kills: int, count: int, seed: int = 1) -> None:
        self.database, self.kills, self.count = database, kills, count
        self.random = random.Random(seed)

    def run(self) -> dict:
        """Order, kill, wait for the end, order the same undisturbed, compare."""
        server = PostgresServer() if self.database == "postgresql" else None
        try:
            url = "sqlite:///kills.sqlite3"
            if server:
                server.start()
                url = server.create("kills")
            with (
                tempfile.TemporaryDirectory(prefix="palmsite-order-kills-") as folder,
                order_house(Path(folder), url) as house,
            ):
                return self.measure(house)
        finally:
            if server:
                server.stop()

    def measure(self, house: House) -> dict:
        """The run itself."""
        started = time.monotonic()
        disturbed = house.call("order", "alice", self.count, candidates=CANDIDATES)
        killed = self.disturb(house, disturbed)
        first = self.ended(house, disturbed)
        resumed = 0
        # On a starved machine workers that live lose their leases too; then a person presses Go on.
        while first["state"] == "failed" and first["code"] == "lost" and resumed < MOST_RESUMED:
            house.call("resume", disturbed)
            first, resumed = self.ended(house, disturbed), resumed + 1
        took = time.monotonic() - started
        calm = house.call("order", "bob", self.count, candidates=CANDIDATES)
        second = self.ended(house, calm)
        files, others = house.call("audit_files", disturbed), house.call("audit_files", calm)
        account = house.call("account", "alice")
        return {
            "database": self.database,
            "images": self.count,
            "kills": killed,
            "resumed": resumed,
            "state": first["state"],
            "made": first["count"],
            "claims": first["attempts"],
            "undisturbed": {"state": second["state"], "made": second["count"], "claims": second["attempts"]},
            "files_missing": len(files["missing"]),
            "files_orphaned": len(files["orphaned"]),
            "files_torn": len(files["torn"]),
            "same_bytes": files["digest"] == others["digest"],
            "account_agrees": account["images"] == account["rows"]
            and account["bytes"] == account["row_bytes"],
            "seconds": round(took),
        }

    def disturb(self, house: House, order_id: str) -> int:
        """Kill whoever is at the order, each time after it has come further; how often that was."""
        killed = 0
        deadline = time.monotonic() + WITHIN
        # As many images between two kills as leave work for all of them.
        step = max(1, self.count // (2 * self.kills))
        while killed < self.kills and time.monotonic() < deadline:
            before = house.call("look", order_id)
            if before["state"] != "open":
                break
            holders = self.holders(house, order_id, beyond=before["kept"] + self.random.randint(0, step))
            if not holders:
                continue
            time.sleep(self.random.uniform(0.0, 0.1))
            kill(self.random.choice(holders))
            killed += 1
            print(f"{self.database} {killed}/{self.kills}, {before['kept']} images kept", file=sys.stderr)
        return killed

    def holders(self, house: House, order_id: str, *, beyond: int) -> list[int]:
        """The workers at the order once it has more than so many images; none when it ended first."""
        while (seen := house.call("look", order_id))["state"] == "open":
            at_it = [w["pid"] for w in house.workers("long") if w["job_id"] in seen["running"]]
            if seen["kept"] > beyond and (living := [pid for pid in at_it if alive(pid)]):
                return living
            time.sleep(0.05)
        return []

    def ended(self, house: House, order_id: str) -> dict:
        """Wait for the end of an order."""
        house.until(lambda: house.call("look", order_id)["state"] != "open", WITHIN)
        return house.call("look", order_id)


def is_clean(result: dict, kills: int) -> bool:
    """All kills found a worker; everything is there, once, and the same as undisturbed."""
    return (
        result["kills"] == kills
        and result["state"] == result["undisturbed"]["state"] == "done"
        and result["made"] == result["undisturbed"]["made"] == result["images"]
        and result["files_missing"] == result["files_orphaned"] == result["files_torn"] == 0
        and result["same_bytes"]
        and result["account_agrees"]
    )


def main() -> int:
    """Run, print and keep the result; 1 when anything differs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", nargs="+", default=["sqlite", "postgresql"])
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    results = []
    answer = {
        "command": "python -m tests.campaigns.order_kills " + " ".join(sys.argv[1:]),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "load": round(os.getloadavg()[2], 1),
        "lease_seconds": int(LEASE),
        "seed": options.seed,
        "results": results,
    }
    for database in options.database:
        results.append(Campaign(database, options.kills, options.count, options.seed).run())
        # After each: a second database that cannot be had takes nothing from the first.
        if options.output:
            options.output.write_text(json.dumps(answer, indent=2) + "\n")
    print(json.dumps(answer, indent=2))
    return 0 if all(is_clean(result, options.kills) for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())

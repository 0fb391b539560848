"""The campaign of kills: work for three people while random processes are killed, then a count of every step.

python -m tests.campaigns.kills [--kills 50] [--seed 1] [--database sqlite postgresql] [--output FILE]
"""

import argparse
import json
import os
import platform
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.jobs.house import LEASE, House, children, kill
from tests.postgres import PostgresServer

OWNERS = ("alice", "bob", "charlie")
WAITING = 6


class Campaign:
    """One run on one database."""

    def __init__(self, database: str, kills: int, seed: int) -> None:
        self.database, self.kills = database, kills
        self.random = random.Random(seed)
        self.server = PostgresServer() if database == "postgresql" else None
        self.jobs: dict[str, int] = {}
        self.killed: Counter[str] = Counter()
        # kind of kill -> how often it is drawn
        self.ways = {
            self.kill_busy_worker: 8,
            self.kill_idle_worker: 5,
            self.kill_cluster: 3,
            self.kill_sentinel: 3,
            self.kill_pusher_or_monitor: 3,
            self.kill_watchdog: 2,
            self.ask_worker_to_leave: 3,
        }
        if self.server:
            self.ways[self.kill_database] = 3

    def run(self) -> dict:
        """Kill, wait for the work to end, count."""
        started = time.monotonic()
        folder = Path(tempfile.mkdtemp(prefix="palmsite-kills-"))
        url = "sqlite:///kills.sqlite3"
        if self.server:
            self.server.start()
            url = self.server.create("kills")
        self.house = House(folder, url)
        try:
            self.house.start()
            self.house.until(lambda: len(self.house.workers()) == 2)
            while self.killed.total() < self.kills:
                self.ask_for_work()
                time.sleep(self.random.uniform(0.2, 2.0))
                way = self.random.choices(list(self.ways), list(self.ways.values()))[0]
                if way():
                    self.killed[way.__name__] += 1
                    print(
                        f"{self.database} {self.killed.total()}/{self.kills} {way.__name__}", file=sys.stderr
                    )
            shown = self.house.ended(*self.jobs, within=300)
            return {**self.count(shown), "seconds": round(time.monotonic() - started)}
        finally:
            self.house.stop()
            if self.server:
                self.server.stop()

    def ask_for_work(self) -> None:
        """Keep a few jobs waiting; every third nudge is lost on purpose."""
        states = self.house.call("states", list(self.jobs))
        for _job in range(WAITING - states.get("queued", 0)):
            steps = self.random.randint(5, 40)
            nudged = self.random.random() > 1 / 3
            job = self.house.enqueue("sturdy", self.random.choice(OWNERS), total=steps, nudge=nudged)
            self.jobs[job] = steps

    def count(self, shown: dict[str, dict]) -> dict:
        """What was asked for against what was kept."""
        states = Counter(job["state"] for job in shown.values())
        steps = [(job_id, step) for job_id, job in shown.items() for step in job["steps"]]
        asked = {(job_id, step) for job_id, total in self.jobs.items() for step in range(total)}
        return {
            "database": self.database,
            "kills": self.killed.total(),
            "kills_by_kind": dict(self.killed),
            "jobs": len(self.jobs),
            "jobs_by_state": dict(states),
            "steps_asked_for": len(asked),
            "steps_lost": len(asked - set(steps)),
            "steps_doubled": len(steps) - len(set(steps)),
            "ends_told": sum(len(job["ends"]) for job in shown.values()),
            "attempts": sum(job["attempt"] for job in shown.values()),
            "leases_lost": sum(job["lost"] for job in shown.values()),
        }

    # The ways to kill; each says whether it found something to kill.

    def kill_busy_worker(self) -> bool:
        return self._signal_one([w["pid"] for w in self.house.workers() if w["job_id"]], signal.SIGKILL)

    def kill_idle_worker(self) -> bool:
        idle = [w["pid"] for queue in ("short", "long") for w in self.house.workers(queue) if not w["job_id"]]
        return self._signal_one(idle, signal.SIGKILL)

    def ask_worker_to_leave(self) -> bool:
        return self._signal_one([w["pid"] for w in self.house.workers()], signal.SIGTERM)

    def kill_cluster(self) -> bool:
        return self._signal_one(self.house.clusters(), signal.SIGKILL)

    def kill_sentinel(self) -> bool:
        return self._signal_one(self._sentinels(), signal.SIGKILL)

    def kill_pusher_or_monitor(self) -> bool:
        workers = {w["pid"] for queue in ("short", "long") for w in self.house.workers(queue)}
        rest = [pid for sentinel in self._sentinels() for pid in children(sentinel) if pid not in workers]
        return self._signal_one(rest, signal.SIGKILL)

    def kill_watchdog(self) -> bool:
        watchdog = self.house.watchdogs.pop()
        kill(watchdog.pid)
        watchdog.wait()
        self.house.start()
        return True

    def kill_database(self) -> bool:
        assert self.server is not None
        self.server.kill()
        time.sleep(self.random.uniform(0, 2))
        self.server.start()
        return True

    def _sentinels(self) -> list[int]:
        return [pid for cluster in self.house.clusters() for pid in children(cluster)]

    def _signal_one(self, pids: list[int], number: signal.Signals) -> bool:
        if not pids:
            return False
        try:
            os.kill(self.random.choice(pids), number)
        except ProcessLookupError:
            return False
        return True


def is_clean(result: dict) -> bool:
    """Nothing lost, nothing doubled, everything done."""
    return (
        result["jobs_by_state"] == {"done": result["jobs"]}
        and result["steps_lost"] == result["steps_doubled"] == 0
        and result["ends_told"] == result["jobs"]
    )


def main() -> int:
    """Run, print and keep the result; 1 when anything was lost or doubled."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", nargs="+", default=["sqlite", "postgresql"])
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    results = [Campaign(database, options.kills, options.seed).run() for database in options.database]
    answer = {
        "command": "python -m tests.campaigns.kills " + " ".join(sys.argv[1:]),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "lease_seconds": LEASE,
        "seed": options.seed,
        "results": results,
    }
    text = json.dumps(answer, indent=2)
    print(text)
    if options.output:
        options.output.write_text(text + "\n")
    return 0 if all(is_clean(result) for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())

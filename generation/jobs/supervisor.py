"""The watchdog: keeps the clusters alive, replaces lost nudges, takes back expired leases, ends what hangs.

Runs as `manage.py watchdog` or inside `manage.py up`; runs no handler and imports no torch. Several on one
database, on several machines, do no harm: each minds its own processes, and all it writes is conditional.
"""

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection

from generation.jobs import lifeline, registry, rounds, selectors, services
from generation.jobs.leases import Claim
from generation.jobs.models import Worker
from generation.jobs.queue import nudge
from generation.jobs.revival import Revival

log = logging.getLogger(__name__)

STOP_SECONDS = 4.0
RESTART_SECONDS = 10.0
BOOT_SECONDS = 10.0
# On a machine that is busy with other things; a cluster that is ended while it loads would never come to work.
LOAD_SECONDS = 180.0
MOST_DOUBLINGS = 5


class Cluster:
    """The processes of one queue: `manage.py cluster QUEUE` and all it forks, one process group."""

    def __init__(self, queue: str) -> None:
        self.queue = queue
        self.process: subprocess.Popen[bytes] | None = None
        self.revival = Revival()
        # Whether a worker of it was heard of since it was started: until then it may still be loading.
        self.heard = False
        # Since when it has been so, by a clock that nobody can set: one look is too little to judge by.
        self.stuck: dict[str, float] = {}
        self.starved: tuple[int, float] | None = None
        # How often it was restarted for work that it did not take, without a calm time since.
        self.futile = 0

    @property
    def group(self) -> int | None:
        """The id of the process group, as long as one was started."""
        return self.process.pid if self.process else None

    def start(self) -> None:
        """Start the processes in a session of their own: a Ctrl-C in the terminal is ours to pass on."""
        command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "cluster", self.queue]
        self.process = subprocess.Popen([*command, "--parent", str(os.getpid())], start_new_session=True)
        self.revival.begin()
        self.heard = False

    def is_alive(self) -> bool:
        """Whether the first process lives; if it does not, the rest is leaving."""
        return self.process is not None and self.process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to all processes of the group."""
        if self.group is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.group, number)

    def wait(self, deadline: float, unless: threading.Event | None = None) -> bool:
        """Wait until no process is left. False when the time was over first, or `unless` came in between."""
        while self.group is not None and lifeline.reap_group(self.group):
            if time.monotonic() > deadline or (unless is not None and unless.is_set()):
                return False
            time.sleep(0.05)
        self.process = None
        return True


class Supervisor:
    """Start, watch and stop the clusters of this machine.

    Use `run(stop)` in a thread or process of its own, or `start`, `step` about once a second, and `stop`.
    """

    def __init__(self, queues: Sequence[str] = registry.QUEUES) -> None:
        self.clusters = [Cluster(queue) for queue in queues]
        self.lease = float(settings.PALMSITE_LEASE_SECONDS)
        self.cancel_grace = self.lease
        self.rounds = rounds.Rounds()
        self._leases: dict[Claim, tuple[datetime, float]] = {}
        self._stopping = threading.Event()

    def start(self) -> None:
        """Start all clusters."""
        lifeline.adopt_orphans()
        for cluster in self.clusters:
            cluster.start()

    def run(self, stop: threading.Event) -> None:
        """Start, watch until the event is set, stop."""
        self._stopping = stop
        try:
            self.start()
            while not stop.wait(min(1.0, self.lease / 4)):
                self.step()
        finally:
            self.stop()

    def step(self) -> None:
        """One look at everything. A database that does not answer is tried again at the next."""
        self._revive()
        try:
            services.enforce(cancel_grace=self.cancel_grace)
            services.reap(also=self._frozen_leases())
            _forget_dead_workers()
            for cluster in self.clusters:
                self._kill_stuck(cluster)
                self._feed(cluster)
            self.rounds.step()
        except DatabaseError as error:
            log.warning("watchdog: %s", error)
            connection.close()

    def stop(self, patience: float = STOP_SECONDS) -> None:
        """Ask all workers to hand back their work; end those that did not in time, and hand it back for them."""
        deadline = time.monotonic() + patience
        for cluster in self.clusters:
            cluster.signal(signal.SIGTERM)
        for cluster in self.clusters:
            self._await(cluster, deadline)

    def _await(self, cluster: Cluster, deadline: float) -> None:
        if not cluster.wait(deadline):
            log.warning("the %s workers did not leave in time and are ended", cluster.queue)
            held = _workers_in(cluster.group)
            cluster.signal(signal.SIGKILL)
            cluster.wait(time.monotonic() + 1.0)
            _hand_back(held)

    def _revive(self) -> None:
        for cluster in self.clusters:
            if not cluster.is_alive() and cluster.revival.is_due():
                log.error("the %s cluster has ended; starting another", cluster.queue)
                self._restart(cluster)

    def _restart(self, cluster: Cluster) -> None:
        cluster.signal(signal.SIGTERM)
        deadline = time.monotonic() + RESTART_SECONDS
        if not cluster.wait(deadline, unless=self._stopping) and self._stopping.is_set():
            return  # the end of all of them does not wait for this one
        self._await(cluster, deadline)
        cluster.starved = None
        cluster.start()

    def _frozen_leases(self) -> list[Claim]:
        """Claims whose lease stood still for twice its length: over, even if a clock was set back."""
        now = time.monotonic()
        leases = selectors.running_leases()
        for claim, until in leases.items():
            if self._leases.get(claim, (None,))[0] != until:
                self._leases[claim] = (until, now)
        self._leases = {claim: seen for claim, seen in self._leases.items() if claim in leases}
        return [claim for claim, (_until, since) in self._leases.items() if now - since > 2 * self.lease]

    def _kill_stuck(self, cluster: Cluster) -> None:
        """End worker processes that go on although their claim is over: cancelled, out of time, or lost."""
        now = time.monotonic()
        stuck = {
            f"{worker.name} {worker.job_id} {worker.attempt}": worker
            for worker in selectors.stuck_workers(cluster.queue, socket.gethostname())
        }
        cluster.stuck = {key: cluster.stuck.get(key, now) for key in stuck}
        for key, worker in stuck.items():
            if now - cluster.stuck[key] > self.cancel_grace / 2:
                self._kill(cluster, worker)

    def _kill(self, cluster: Cluster, worker: Worker) -> None:
        # The id may be another process's by now: touch only what is in our own group.
        if _group_of(worker.pid) == cluster.group:
            log.error("worker %s goes on although its claim is over; ending it", worker.name)
            os.kill(worker.pid, signal.SIGKILL)
        worker.delete()

    def _feed(self, cluster: Cluster) -> None:
        """Nudge again when work waits although a worker is free; restart the cluster if that is no help."""
        now = time.monotonic()
        cluster.heard = cluster.heard or _is_heard_of(cluster)
        turn = selectors.starved_at(cluster.queue)
        age = now - cluster.revival.started
        # If restarting was no help, the machine is slow rather than the cluster stuck: wait longer each time.
        patience = self.lease * 2 ** min(cluster.futile, MOST_DOUBLINGS)
        if turn is None:
            cluster.starved = None
            cluster.futile = cluster.futile if age < 4 * patience else 0
            return
        if cluster.starved is None or cluster.starved[0] != turn:
            cluster.starved = (turn, now)
        nudge(cluster.queue)
        # A cluster that has only just started needs time to load before it can be judged; one that has ended
        # is started again by _revive, in its time.
        is_judged = cluster.is_alive() and age > max(
            self.lease, BOOT_SECONDS if cluster.heard else LOAD_SECONDS
        )
        if is_judged and now - cluster.starved[1] > patience:
            cluster.futile += 1
            log.error(
                "work waits in the %s queue and no worker takes it; restarting the cluster", cluster.queue
            )
            self._restart(cluster)


def _is_heard_of(cluster: Cluster) -> bool:
    return Worker.objects.filter(queue=cluster.queue, host=socket.gethostname()).exists()


def _workers_in(group: int | None) -> list[Worker]:
    """The workers of a process group that hold a claim; none when the database does not say."""
    try:
        workers = list(Worker.objects.filter(host=socket.gethostname(), job_id__isnull=False))
    except DatabaseError as error:
        log.warning("watchdog: %s; the leases of the ended workers run out", error)
        return []
    return [worker for worker in workers if group is not None and _group_of(worker.pid) == group]


def _hand_back(workers: Sequence[Worker]) -> None:
    """Give back what ended workers held: they were ended by us, so it does not count as a worker lost."""
    try:
        for worker in workers:
            if worker.job_id and worker.attempt and _group_of(worker.pid) is None:
                services.release(Claim(worker.job_id, worker.attempt))
                worker.delete()
    except DatabaseError as error:
        log.warning("watchdog: %s; the leases of the ended workers run out", error)


def _forget_dead_workers() -> None:
    """Remove the rows of workers that were killed, so that nobody counts on them."""
    for worker in Worker.objects.filter(host=socket.gethostname()):
        if _group_of(worker.pid) is None:
            worker.delete()
    selectors.silent_workers().delete()


def _group_of(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None

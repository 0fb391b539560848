"""The only door to django-q: sending nudges, running a cluster, and what a new worker process does first.

A message holds nothing but the name of a queue. Lost, doubled and late ones change nothing.
"""

import signal
from collections.abc import Callable
from datetime import UTC, datetime

from django.conf import settings
from django_q.brokers.orm import ORM
from django_q.conf import Conf
from django_q.models import OrmQ
from django_q.tasks import async_task

RUN_NEXT = "generation.jobs.tasks.run_next"

# A message may be taken at once, whatever the clocks of its sender and its reader say.
_ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)


class _NudgeBroker(ORM):
    """django-q's own table as broker, with messages whose lock time lies before any sane clock."""

    def enqueue(self, task: str) -> int:
        """Put a message into the table."""
        message_id: int = self.get_connection().create(key=self.list_key, payload=task, lock=_ALWAYS).pk
        return message_id


def worker_count(queue: str) -> int:
    """How many workers one machine gives to a queue."""
    count: int = settings.Q_CLUSTER["ALT_CLUSTERS"][queue]["workers"]
    return count


def nudge(queue: str) -> None:
    """Tell the workers of a queue to look for work, unless each of them has a message waiting already."""
    if waiting_messages(queue) < worker_count(queue):
        # timeout -1: how long a job may take is the watchdog's business; django-q's alarm raises SystemExit.
        async_task(RUN_NEXT, queue, broker=_NudgeBroker(queue), save=False, ack_failure=True, timeout=-1)


def waiting_messages(queue: str) -> int:
    """How many messages no worker has taken yet."""
    count: int = OrmQ.objects.filter(key=queue, lock=_ALWAYS).count()
    return count


def run_cluster(queue: str, *, on_worker_start: Callable[[], None]) -> None:
    """Run django-q's processes for one queue until a signal comes. New workers call `on_worker_start`."""
    from django_q.cluster import Cluster
    from django_q.signals import post_spawn

    def start(**_kwargs: object) -> None:
        on_worker_start()

    # Conf is read once, on import; its own switch is an environment variable, which only settings read.
    Conf.CLUSTER_NAME = queue
    Conf.WORKERS = worker_count(queue)
    Conf.QUEUE_LIMIT = 1
    post_spawn.connect(start, weak=False)
    cluster = Cluster()
    # django-q's own way to stop waits for its sentinel, which the same signal has just ended, for ever. So
    # the first process simply ends here, and the end of its parent tells each of the others (see lifeline).
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    cluster.start()
    cluster.sentinel.join()

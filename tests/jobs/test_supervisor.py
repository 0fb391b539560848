"""What the watchdog decides; that the deciding helps is shown with real processes in test_kills."""

import os
import subprocess
import sys
from datetime import timedelta
from itertools import pairwise

import pytest
from django.db.models.functions import Now

from generation.jobs import lifeline, services, supervisor
from generation.jobs.leases import Claim
from generation.jobs.models import Job, Worker


@pytest.fixture
def clock(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(supervisor.time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def watchdog(db, monkeypatch, settings, clock):
    """A watchdog without processes; `restarted` says which clusters it would have started anew."""
    settings.PALMSITE_LEASE_SECONDS = 30
    dog = supervisor.Supervisor()
    dog.restarted, dog.nudged = [], []
    monkeypatch.setattr(supervisor.Cluster, "is_alive", lambda _cluster: True)
    monkeypatch.setattr(dog, "_restart", lambda cluster: dog.restarted.append(cluster.queue))
    monkeypatch.setattr(supervisor, "nudge", dog.nudged.append)
    return dog


def idle(name="here:1"):
    # The process of this very test, so that it counts as alive.
    host = supervisor.socket.gethostname()
    return Worker.objects.create(name=name, queue="short", host=host, pid=os.getpid())


def test_a_lost_nudge_is_sent_again_and_then_the_cluster_started_anew(watchdog, clock, alice, enqueue):
    idle()
    enqueue(alice)
    watchdog.step()
    assert (watchdog.nudged, watchdog.restarted) == (["short"], [])
    clock[0] += 29
    watchdog.step()
    assert watchdog.restarted == []
    clock[0] += 2
    Worker.objects.update(seen_at=Now())
    watchdog.step()
    assert watchdog.restarted == ["short"]


def test_restarts_that_are_no_help_become_rare(watchdog, clock, alice, enqueue):
    idle()
    enqueue(alice)
    short = watchdog.clusters[0]
    restarts = []
    for second in range(700):
        before = len(watchdog.restarted)
        Worker.objects.update(seen_at=Now())
        watchdog.step()
        if len(watchdog.restarted) > before:
            restarts.append(second)
            short.revival.begin()
            short.starved = None
        clock[0] += 1
    assert [later - earlier for earlier, later in pairwise(restarts)] == [62, 122, 242]
    Job.objects.all().delete()
    clock[0] += 4 * 16 * 30
    watchdog.step()
    assert short.futile == 0


def test_a_cluster_that_takes_work_is_left_alone(watchdog, clock, alice, enqueue, claim):
    idle()
    for _time in range(5):
        enqueue(alice)
        enqueue(alice)
        watchdog.step()
        claim()
        clock[0] += 20
        Worker.objects.update(seen_at=Now())
    assert watchdog.restarted == []


def test_a_young_cluster_gets_time_to_load(watchdog, clock, alice, enqueue):
    enqueue(alice)
    watchdog.step()
    clock[0] += 40
    watchdog.clusters[0].revival.started = clock[0] - 5
    watchdog.step()
    assert watchdog.restarted == []


def test_a_cluster_that_still_loads_is_not_judged_by_the_same_measure(watchdog, clock, alice, enqueue):
    """On a machine under load it would be ended again and again before it could take any work."""
    enqueue(alice)
    short = watchdog.clusters[0]
    short.revival.begin()
    for _look in range(5):
        watchdog.step()
        clock[0] += supervisor.LOAD_SECONDS / 5
    assert watchdog.restarted == []
    clock[0] += 1
    watchdog.step()
    assert watchdog.restarted == ["short"]


def test_leases_that_stand_still_are_over_whatever_the_clock_says(watchdog, clock, alice, enqueue, claim):
    enqueue(alice)
    job = claim()
    Job.objects.update(lease_until=Now() + timedelta(days=1))
    watchdog.step()
    clock[0] += 50
    watchdog.step()
    assert Job.objects.get().state == "running"
    services.renew(Claim.of(job))
    clock[0] += 50
    watchdog.step()
    assert Job.objects.get().state == "running"
    Job.objects.update(lease_until=Now() + timedelta(days=1))
    watchdog.step()
    clock[0] += 61
    watchdog.step()
    assert Job.objects.get().state == "queued"


def test_only_processes_of_ones_own_group_are_killed(watchdog, clock, alice, enqueue, claim, monkeypatch):
    killed = []
    monkeypatch.setattr(supervisor.os, "kill", lambda pid, _signal: killed.append(pid))
    enqueue(alice)
    job = claim()
    worker = idle()
    Worker.objects.filter(pk=worker.pk).update(job_id=job.pk, attempt=job.attempt)
    services.fail(Claim.of(job), "late", "Too late.")
    watchdog.step()
    assert Worker.objects.exists()
    clock[0] += 16
    watchdog.step()
    assert killed == []
    assert not Worker.objects.exists()


def test_a_cluster_that_has_ended_waits_for_its_turn(watchdog, clock, alice, enqueue, monkeypatch):
    monkeypatch.setattr(supervisor.Cluster, "is_alive", lambda cluster: cluster.queue == "long")
    enqueue(alice)
    short = watchdog.clusters[0]
    short.revival.begin()
    clock[0] += 1
    watchdog.step()
    assert watchdog.restarted == []
    clock[0] += 1
    watchdog.step()
    assert watchdog.restarted == ["short"]


def test_what_ended_workers_held_goes_back_and_counts_no_loss(watchdog, alice, enqueue, claim, monkeypatch):
    enqueue(alice)
    job = claim()
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    host = supervisor.socket.gethostname()
    Worker.objects.create(
        name="deaf", queue="short", host=host, pid=process.pid, job_id=job.pk, attempt=job.attempt
    )
    cluster = watchdog.clusters[0]
    cluster.process = process
    monkeypatch.setattr(cluster, "wait", lambda _deadline: process.poll() is not None)
    monkeypatch.setattr(cluster, "signal", lambda _number: (process.kill(), process.wait()))
    cluster.process = process
    watchdog._await(cluster, 0)
    back = Job.objects.get()
    assert (back.state, back.lost, back.attempt) == ("queued", 0, 1)
    assert not Worker.objects.exists()


def test_dead_workers_are_forgotten(watchdog):
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    host = supervisor.socket.gethostname()
    Worker.objects.create(name="dead", queue="short", host=host, pid=process.pid)
    Worker.objects.create(name="elsewhere", queue="short", host="elsewhere", pid=process.pid)
    watchdog.step()
    assert [worker.name for worker in Worker.objects.all()] == ["elsewhere"]
    Worker.objects.update(seen_at=Now() - timedelta(seconds=301))
    watchdog.step()
    assert not Worker.objects.exists()


def test_a_database_that_is_away_does_not_end_the_watchdog(watchdog, monkeypatch, caplog):
    def away(**_arguments):
        raise supervisor.DatabaseError("the server is gone")

    monkeypatch.setattr(services, "enforce", away)
    monkeypatch.setattr(supervisor.connection, "close", lambda: None)
    watchdog.step()
    assert "the server is gone" in caplog.text


ORPHANS = """
import os, time
from generation.jobs import lifeline
lifeline.tie_children()
child = os.fork()
if child == 0:
    time.sleep(60)
print(child, flush=True)
os.kill(os.getpid(), 9)
"""


@pytest.mark.slow
@pytest.mark.skipif(
    sys.platform != "linux", reason="the kernel tells children of their parent's end only on Linux"
)
def test_children_end_with_their_parent():
    parent = subprocess.Popen([sys.executable, "-c", ORPHANS], stdout=subprocess.PIPE, start_new_session=True)
    child = int(parent.stdout.read())
    parent.stdout.close()
    parent.wait()
    for _time in range(100):
        if not _runs(child):
            return
        supervisor.time.sleep(0.05)
    os.kill(child, 9)
    pytest.fail("the child outlived its parent")


def _runs(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:  # noqa: PTH123
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_group_that_is_gone():
    process = subprocess.Popen([sys.executable, "-c", ""], start_new_session=True)
    process.wait()
    assert not lifeline.reap_group(process.pid)

"""Real processes and SIGKILL, on SQLite and PostgreSQL: whatever dies, work ends once and the next runs."""

import os
import signal
import time

import pytest

from tests.databases import serve_postgres
from tests.jobs.house import LEASE, House, alive, children, kill

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

STEPS = 60


@pytest.fixture(scope="module")
def postgres():
    yield from serve_postgres()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def house(request, tmp_path_factory):
    if request.param == "sqlite":
        url = "sqlite:///kills.sqlite3"
    else:
        url = request.getfixturevalue("postgres").create("kills")
    site = House(tmp_path_factory.mktemp(request.param), url)
    try:
        site.start()
        site.until(lambda: len(site.workers()) == 2)
        yield site
    finally:
        site.stop()


@pytest.fixture(autouse=True)
def settled(house):
    """Each test begins with two workers that wait."""
    house.until(lambda: len(house.workers()) == 2)


def assert_done_once(job, steps=None):
    """Done, every step kept exactly once, its room told exactly once."""
    assert job["state"] == "done", job
    assert job["steps"] == list(range(job["total"] if steps is None else steps))
    assert job["ends"] == ["done"]


def assert_next_persons_job_runs(house):
    job = house.enqueue("steps", "bob", total=2)
    assert_done_once(house.ended(job)[job])


def test_busy_worker_killed(house):
    job = house.enqueue("steps", total=STEPS)
    house.until(lambda: house.show(job)["done"] > 3)
    kill(house.holder(job))
    shown = house.ended(job)[job]
    assert_done_once(shown)
    assert shown["attempt"] == 2
    assert shown["lost"] == 0, "what came further after it does not count the loss"
    assert_next_persons_job_runs(house)


def test_idle_workers_killed(house):
    for worker in house.workers():
        kill(worker["pid"])
    assert_next_persons_job_runs(house)


def test_cluster_parents_killed_while_busy(house):
    job = house.enqueue("steps", total=STEPS)
    holder = house.holder(job)
    for parent in house.clusters():
        kill(parent)
    assert_done_once(house.ended(job)[job])
    # What was left of the old cluster has gone too: nobody works on beside the new one.
    house.until(lambda: not alive(holder))
    assert house.show(job)["lost"] == 0, "the orphaned worker handed its claim back in order"
    assert_next_persons_job_runs(house)


def test_sentinels_killed(house):
    for parent in house.clusters():
        for sentinel in children(parent):
            kill(sentinel)
    assert_next_persons_job_runs(house)


def test_wedged_cluster(house):
    """A sentinel that stands still lives for all to see, and starts nobody in the place of a worker that is gone."""
    workers = [worker["pid"] for worker in house.workers()]
    sentinels = [sentinel for parent in house.clusters() for sentinel in children(parent)]
    wedged = [sentinel for sentinel in sentinels if set(children(sentinel)) & set(workers)]
    assert len(wedged) == 1
    os.kill(wedged[0], signal.SIGSTOP)
    for worker in workers:
        kill(worker)
    assert_next_persons_job_runs(house)
    assert not alive(wedged[0])


def test_watchdog_killed(house):
    job = house.enqueue("steps", total=STEPS)
    holder = house.holder(job)
    watchdog = house.watchdogs.pop()
    kill(watchdog.pid)
    watchdog.wait()
    house.until(lambda: not alive(holder))
    assert house.show(job)["state"] in ("queued", "done")
    house.start()
    assert_done_once(house.ended(job)[job])


# SQLite has no process of its own.
@pytest.mark.parametrize("house", ["postgresql"], indirect=True)
def test_database_killed(house, postgres):
    job = house.enqueue("steps", total=STEPS)
    waiting = house.enqueue("steps", "bob", total=3)
    house.until(lambda: house.show(job)["done"] > 3)
    postgres.kill()
    time.sleep(1)
    postgres.start()
    shown = house.ended(job, waiting, within=60)
    assert_done_once(shown[job])
    assert_done_once(shown[waiting])
    assert_next_persons_job_runs(house)


def test_worker_asked_to_leave(house):
    job = house.enqueue("steps", total=STEPS)
    house.until(lambda: house.show(job)["done"] > 3)
    holder = house.holder(job)
    os.kill(holder, signal.SIGTERM)
    shown = house.ended(job)[job]
    assert_done_once(shown)
    assert (shown["attempt"], shown["lost"]) == (2, 0)
    assert not alive(holder)


def test_message_delivered_twice(house):
    job = house.enqueue("steps", total=10)
    house.call("nudge", "short", times=5)
    assert_done_once(house.ended(job)[job])


def test_message_never_delivered(house):
    job = house.enqueue("steps", total=2, nudge=False)
    assert_done_once(house.ended(job)[job])


def test_message_late(house):
    job = house.enqueue("steps", total=2, nudge=False)
    assert_done_once(house.ended(job)[job])
    house.call("nudge", "short", times=2)
    assert_next_persons_job_runs(house)
    assert_done_once(house.show(job))


def test_two_sites_on_one_database(house):
    second = house.start()
    try:
        house.until(lambda: len(house.workers()) == 4)
        jobs = [house.enqueue("steps", owner, total=5) for owner in ("alice", "bob") for _job in range(8)]
        for shown in house.ended(*jobs).values():
            assert_done_once(shown)
    finally:
        house.watchdogs.remove(second)
        second.send_signal(signal.SIGTERM)
        assert second.wait(timeout=10) == 0


def test_handler_raises_exits_or_refuses(house):
    raises, exits, refuses = (house.enqueue(kind) for kind in ("raises", "exits", "refuses"))
    shown = house.ended(raises, exits, refuses)
    assert [shown[job]["code"] for job in (raises, exits, refuses)] == ["crashed", "crashed", "too_dark"]
    assert shown[refuses]["message_params"] == {"light": 7}
    assert all(shown[job]["message"] and shown[job]["ends"] == ["failed"] for job in shown)
    assert_next_persons_job_runs(house)


def test_handler_kills_its_worker_every_time(house):
    job = house.enqueue("torn")
    shown = house.ended(job)[job]
    assert (shown["state"], shown["code"], shown["lost"], shown["attempt"]) == ("failed", "lost", 3, 3)
    assert shown["ends"] == ["failed"]
    assert_next_persons_job_runs(house)


def test_long_computation_keeps_its_lease(house):
    job = house.enqueue("computes")
    shown = house.ended(job)[job]
    assert_done_once(shown, steps=1)
    assert shown["attempt"] == 1


def test_handler_that_takes_longer_to_load_than_a_lease(house):
    job = house.enqueue("heavy", total=2)
    shown = house.ended(job)[job]
    assert_done_once(shown)
    assert shown["attempt"] == 1


def test_lease_lost_while_computing_writes_nothing(house):
    job = house.enqueue("computes")
    house.holder(job)
    house.call("expire", job)
    shown = house.ended(job)[job]
    assert_done_once(shown, steps=1)
    assert shown["attempt"] >= 1


def test_cancelled_while_running(house):
    job = house.enqueue("steps", total=400)
    house.until(lambda: house.show(job)["done"] > 3)
    house.call("cancel", job)
    shown = house.ended(job, within=5)[job]
    assert (shown["state"], shown["ends"]) == ("cancelled", ["cancelled"])
    assert 0 < len(shown["steps"]) < 400


def test_cancelled_while_it_hangs(house):
    job = house.enqueue("hangs")
    holder = house.holder(job)
    house.call("cancel", job)
    shown = house.ended(job)[job]
    assert (shown["state"], shown["ends"]) == ("cancelled", ["cancelled"])
    house.until(lambda: not alive(holder), LEASE * 5)
    assert_next_persons_job_runs(house)


def test_hangs_longer_than_its_kind_may(house):
    jobs = [house.enqueue("endless", owner) for owner in ("alice", "bob", "charlie")]
    for shown in house.ended(*jobs, within=60).values():
        assert (shown["state"], shown["code"]) == ("failed", "too_long")
        # Taking too long is no reason to begin again; a worker that this machine starved is.
        assert shown["attempt"] == 1 + shown["lost"]
    assert_next_persons_job_runs(house)


def test_clock_of_a_worker_jumps(house):
    job = house.enqueue("jumps", total=2)
    shown = house.ended(job)[job]
    assert_done_once(shown)
    assert shown["attempt"] == 1


@pytest.mark.parametrize("module", ["tests.jobs.settings_ahead", "tests.jobs.settings_behind"])
def test_clocks_of_all_workers_are_wrong(house, module):
    right = house.watchdogs.pop()
    right.send_signal(signal.SIGTERM)
    assert right.wait(timeout=10) == 0
    wrong = house.start(DJANGO_SETTINGS_MODULE=module)
    job = house.enqueue("steps", total=STEPS)
    house.until(lambda: house.show(job)["done"] > 3)
    kill(house.holder(job))
    shown = house.ended(job)[job]
    assert_done_once(shown)
    assert shown["attempt"] == 2
    house.watchdogs.remove(wrong)
    wrong.send_signal(signal.SIGTERM)
    assert wrong.wait(timeout=10) == 0
    house.start()


def test_room_that_stumbles_at_the_end(house):
    job = house.enqueue("stumbles", total=1)
    shown = house.ended(job)[job]
    assert (shown["state"], shown["code"]) == ("failed", "crashed")
    assert_next_persons_job_runs(house)


def test_stopped_in_time_and_nothing_lost(house):
    job = house.enqueue("steps", total=STEPS)
    house.until(lambda: house.show(job)["done"] > 3)
    watchdog = house.watchdogs.pop()
    started = time.monotonic()
    watchdog.send_signal(signal.SIGTERM)
    assert watchdog.wait(timeout=10) == 0
    assert time.monotonic() - started < 5
    shown = house.show(job)
    assert (shown["state"], shown["lost"]) == ("queued", 0)
    house.start()
    assert_done_once(house.ended(job)[job])

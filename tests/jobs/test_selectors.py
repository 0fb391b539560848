"""What people, the watchdog and /healthz are told."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.utils import translation

from generation.jobs import selectors, services, words
from generation.jobs.leases import Claim
from generation.jobs.models import Job, Worker


@pytest.fixture
def worker(db):
    def make(name="here:1", queue="short", **more):
        return Worker.objects.create(name=name, queue=queue, host="here", pid=1, **more)

    return make


def test_place_is_the_order_in_which_jobs_are_really_taken(alice, bob, charlie, enqueue, claim):
    enqueue(alice)
    claim()
    for owner in (alice, alice, alice, bob, bob, charlie, alice):
        enqueue(owner)
    waiting = list(Job.objects.queued("short"))
    said = {job.pk: selectors.jobs_before(job) for job in waiting}
    taken = [claim().pk for _job in waiting]
    assert [said[pk] for pk in taken] == list(range(len(taken)))


def test_place_in_words(alice, bob, enqueue):
    first, second, third = enqueue(alice), enqueue(bob), enqueue(bob)
    assert selectors.place_in_words(first) == "you are next"
    assert selectors.place_in_words(second) == "you are next after 1 order of others"
    assert selectors.place_in_words(third) == "you are next after 1 order of others"
    first.delete()
    assert selectors.place_in_words(third) == "after your other orders"


def test_of_two_who_came_at_once_one_is_next(alice, bob, enqueue, claim):
    of_bob, of_alice = enqueue(bob), enqueue(alice)
    Job.objects.update(queued_at=of_bob.queued_at)
    of_alice.refresh_from_db()
    assert [selectors.jobs_before(job) for job in (of_alice, of_bob)] == [0, 1]
    assert claim().owner == alice


@pytest.mark.parametrize(
    ("seconds", "said"), [(1, "1 s left"), (119, "119 s left"), (150, "2 min left"), (7300, "2 h left")]
)
def test_time_left(seconds, said):
    assert words.time_left(seconds) == said


@pytest.mark.parametrize(
    ("job", "said"),
    [
        (Job(state="running", done=132, total=200, rate=2.72), "132 of 200, 25 s left"),
        (Job(state="running", total=200), "0 of 200, beginning"),
        (Job(state="running", done=1200), "1,200"),
        (Job(state="cancelled", done=1200, total=48_000), "1,200 of 48,000"),
        (
            Job(state="running", done=1, total=2, rate=1.0, cancel_requested_at="2026-01-01"),
            "1 of 2, stopping",
        ),
        (Job(state="cancelled", done=131, total=200), "131 of 200"),
        (Job(state="done"), ""),
    ],
)
def test_progress_in_words(job, said):
    with translation.override("en"):
        assert words.progress(job) == said


def test_starved_only_while_a_worker_is_free(alice, enqueue, claim, worker):
    assert selectors.starved_at("short") is None
    enqueue(alice)
    assert selectors.starved_at("short") == 0
    busy = worker()
    assert selectors.starved_at("short") == 0
    job = claim()
    busy.job_id, busy.attempt = job.pk, job.attempt
    busy.save()
    enqueue(alice)
    assert selectors.starved_at("short") is None
    worker("here:2")
    assert selectors.starved_at("short") == 1


def test_stuck_are_those_whose_claim_is_over(alice, enqueue, claim, worker):
    enqueue(alice)
    job = claim()
    worker(job_id=job.pk, attempt=job.attempt)
    assert selectors.stuck_workers("short", "here") == []
    services.fail(Claim.of(job), "late", "Too late.")
    assert [stuck.name for stuck in selectors.stuck_workers("short", "here")] == ["here:1"]
    assert selectors.stuck_workers("short", "elsewhere") == []


def test_health(alice, enqueue, worker):
    assert not selectors.health()["worker_ok"]
    worker()
    assert "long" in selectors.health()["worker_detail"]
    worker("here:2", "long")
    enqueue(alice)
    health = selectors.health()
    assert (health["worker_ok"], health["queue_ok"], health["oldest_s"]) == (True, True, 0)
    Job.objects.update(queued_at=Now() - timedelta(hours=1))
    health = selectors.health()
    assert not health["queue_ok"]
    assert 3590 < health["oldest_s"] < 3700
    Worker.objects.update(seen_at=Now() - timedelta(hours=1))
    assert not selectors.health()["worker_ok"]


def test_waiting_for_an_answer_is_bounded(alice, enqueue, monkeypatch):
    now, job = [0.0], enqueue(alice)
    monkeypatch.setattr(selectors.time, "monotonic", lambda: now[0])

    def sleep(seconds):
        now[0] += seconds
        if now[0] > 3:
            services.cancel(by=alice, job=Job.objects.get())

    monkeypatch.setattr(selectors.time, "sleep", sleep)
    assert selectors.wait_until_ended(job, seconds=2).state == "queued"
    assert now[0] < 2
    assert selectors.wait_until_ended(job, seconds=60).state == "cancelled"
    assert now[0] < 4

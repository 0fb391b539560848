"""What must not be the database refuses."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils import translation

from generation.jobs.models import Job, Worker, new_id

RUNNING = {"state": "running", "attempt": 1, "worker": "here:1", "lease_until": Now(), "claimed_at": Now()}


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("jobs_state_known|jobs_finished_when_ended", {"state": "sleeping"}),
        ("jobs_queue_known", {"queue": "middle"}),
        ("jobs_lease_while_running", {**RUNNING, "lease_until": None}),
        ("jobs_lease_while_running", {**RUNNING, "worker": ""}),
        ("jobs_lease_while_running", {**RUNNING, "attempt": 0}),
        ("jobs_lease_while_running", {**RUNNING, "claimed_at": None}),
        ("jobs_lease_while_running", {"state": "queued", "lease_until": Now()}),
        ("jobs_lease_while_running", {"state": "queued", "worker": "here:1"}),
        ("jobs_finished_when_ended", {"state": "done", "attempt": 1}),
        ("jobs_finished_when_ended", {"state": "queued", "finished_at": Now()}),
        ("jobs_failed_says_why", {"state": "failed", "finished_at": Now()}),
        ("jobs_done_was_attempted", {"state": "done", "finished_at": Now()}),
        ("jobs_queued_is_wanted", {"state": "queued", "cancel_requested_at": Now()}),
        ("jobs_done_within_total", {"done": 3, "total": 2}),
        ("jobs_lost_within_limit", {"lost": 4, "max_attempts": 3}),
        ("jobs_lost_within_limit", {"max_attempts": 0}),
    ],
)
def test_impossible_states_cannot_be_written(alice, enqueue, name, fields):
    job = enqueue(alice)
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        Job.objects.filter(pk=job.pk).update(**fields)


def test_a_worker_holds_a_whole_claim_or_none(db):
    with pytest.raises(IntegrityError, match="jobs_worker_claim_whole"), transaction.atomic():
        Worker.objects.create(name="here:1", queue="short", host="here", pid=1, attempt=1)


def test_ids_are_in_the_order_of_making():
    ids = [new_id() for _number in range(2000)]
    assert len(set(ids)) == 2000
    assert all(made.version == 7 for made in ids)
    # Two may fall into the same 244 ns; nothing made a microsecond later comes before.
    assert ids[::50] == sorted(ids[::50])


def test_the_message_is_in_the_readers_language():
    job = Job(message="Stopped at %(n)s palms.", message_params={"n": 131})
    assert job.text == "Stopped at 131 palms."
    with translation.override("ru"):
        assert "131" in job.text


def test_a_message_without_params_may_hold_a_percent_sign():
    assert Job(message="100% of it is lost.").text == "100% of it is lost."


@pytest.mark.parametrize(
    ("job", "percent", "left"),
    [
        (Job(state="running", done=1, total=3, rate=0.5), 33, 4),
        (Job(state="running", done=3, total=3, rate=0.5), 100, 1),
        (Job(state="running", done=3, total=0, rate=0.5), None, None),
        (Job(state="running", done=1, total=3, rate=None), 33, None),
        (Job(state="queued", done=1, total=3, rate=0.5), 33, None),
    ],
)
def test_how_far_and_how_long(job, percent, left):
    assert (job.percent, job.seconds_left) == (percent, left)


def test_times_are_the_databases(alice, enqueue, monkeypatch):
    from django.utils import timezone

    right = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: right + timedelta(days=365))
    job = enqueue(alice)
    assert abs(job.created_at - right) < timedelta(minutes=1)

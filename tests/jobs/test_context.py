"""What a handler may rely on."""

import threading

import pytest

from generation.jobs import services
from generation.jobs.context import JobContext
from generation.jobs.errors import JobCancelled, LeaseLost, WorkerStopping
from generation.jobs.leases import Claim
from generation.jobs.models import Job


@pytest.fixture
def context(alice, enqueue, claim):
    enqueue(alice, total=10, subject_id="abc")
    return JobContext(claim(), stopping=threading.Event())


def test_knows_its_job(context, alice):
    assert (context.owner_id, context.subject_id, context.attempt, context.total) == (alice.pk, "abc", 1, 10)


def test_progress_never_goes_over_the_total(context):
    context.progress(12)
    assert Job.objects.get().done == 10


def test_rate_is_measured_by_a_clock_that_nobody_sets(context, monkeypatch):
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    monkeypatch.setattr("time.time", lambda: -1e9)
    context.progress(2)
    assert Job.objects.get().rate is None
    for done in (4, 6, 8):
        now[0] += 1
        context.progress(done)
    job = Job.objects.get()
    assert job.rate == pytest.approx(2)
    assert job.seconds_left == 1


def test_a_message_is_shown_while_it_runs(context):
    context.progress(1, message="Reading %(n)s files.", params={"n": 3})
    assert Job.objects.get().text == "Reading 3 files."


def test_cancel_is_seen(context, alice):
    services.cancel(by=alice, job=Job.objects.get())
    with pytest.raises(JobCancelled):
        context.progress(1)
    with pytest.raises(JobCancelled):
        context.check()


def test_leaving_is_seen_after_the_work_is_kept(context):
    context._stopping.set()
    with pytest.raises(WorkerStopping):
        context.progress(3)
    assert Job.objects.get().done == 3


def test_guard_keeps_nothing_without_the_claim(context, alice):
    services.release(context.claim)
    with pytest.raises(LeaseLost), context.guard():
        Job.objects.update(subject_id="written")
    assert Job.objects.get().subject_id == "abc"
    with pytest.raises(LeaseLost):
        context.check()


def test_guard_rolls_back_with_its_body(context):
    with pytest.raises(ZeroDivisionError), context.guard():
        Job.objects.update(subject_id="written")
        raise ZeroDivisionError
    assert Job.objects.get().subject_id == "abc"


def test_heartbeat_tells_of_cancel_and_loss(context, alice):
    services.cancel(by=alice, job=Job.objects.get())
    context.beat()
    with pytest.raises(JobCancelled):
        context.check()
    services.stop(Claim(context.job_id, context.attempt))
    with pytest.raises(LeaseLost):
        context.beat()

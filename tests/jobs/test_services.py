"""The life of a job: every change, guarded by state and attempt."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from accounts.errors import Conflict, NotFound
from generation.jobs import services
from generation.jobs.errors import LeaseLost, UnknownKind
from generation.jobs.leases import Claim
from generation.jobs.models import Job, Turn
from tests.jobs import inline


def expire(job):
    Job.objects.filter(pk=job.pk).update(lease_until=Now() - timedelta(seconds=1))


@pytest.fixture
def nudges(monkeypatch):
    sent = []
    monkeypatch.setattr(services, "nudge", sent.append)
    return sent


@pytest.fixture(autouse=True)
def seen():
    inline.seen.clear()
    return inline.seen


def test_enqueue_nudges_once_committed(alice, enqueue, nudges, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        job = enqueue(alice, total=8, subject_id=12)
        assert nudges == []
    assert nudges == ["short"]
    assert (job.state, job.total, job.subject_id, job.attempt) == ("queued", 8, "12", 0)


def test_unknown_kinds_are_refused(alice, db):
    with pytest.raises(UnknownKind):
        services.enqueue(kind="no such", owner=alice)


def test_claim_takes_a_job_once(alice, enqueue, claim):
    job = enqueue(alice)
    taken = claim()
    assert (taken.pk, taken.state, taken.attempt, taken.worker) == (job.pk, "running", 1, "here:1")
    assert claim() is None


def test_claim_looks_at_its_own_queue(alice, enqueue, claim):
    enqueue(alice, queue="long")
    assert claim("short") is None
    assert claim("long") is not None


def test_owners_take_turns(alice, bob, charlie, enqueue, claim):
    for _number in range(100):
        enqueue(alice)
    assert [claim().owner_id for _number in range(2)] == [alice.pk] * 2
    for _number in range(3):
        enqueue(bob)
    enqueue(charlie)
    served = [claim().owner_id for _number in range(8)]
    assert served[:2] in ([bob.pk, charlie.pk], [charlie.pk, bob.pk])
    assert served[2:] == [alice.pk, bob.pk, alice.pk, bob.pk, alice.pk, alice.pk]


def test_turns_outlive_the_workers(alice, bob, enqueue, claim):
    enqueue(alice)
    claim()
    assert Turn.objects.get(owner=alice, queue="short").number == 1
    enqueue(alice)
    enqueue(bob)
    assert claim().owner == bob


def test_jobs_of_one_owner_come_in_order(alice, enqueue, claim):
    jobs = [enqueue(alice).pk for _number in range(5)]
    assert [claim().pk for _number in range(5)] == jobs


def test_a_claim_that_is_over_writes_nothing(alice, enqueue, claim, nudges):
    enqueue(alice)
    old = Claim.of(claim())
    expire(claim_row := Job.objects.get())
    services.reap()
    new = Claim.of(claim(worker="there:2"))
    assert (old.attempt, new.attempt) == (1, 2)
    with pytest.raises(LeaseLost):
        services.renew(old, done=1)
    with pytest.raises(LeaseLost):
        services.finish(old)
    assert not services.fail(old, "late", "Too late.")
    assert not services.stop(old)
    assert not services.release(old)
    claim_row.refresh_from_db()
    assert (claim_row.state, claim_row.worker, claim_row.done) == ("running", "there:2", 0)


def test_renew_prolongs_the_lease(alice, enqueue, claim):
    enqueue(alice)
    job = claim()
    expire(job)
    assert services.renew(Claim.of(job), done=0) is False
    assert services.reap() == 0


def test_finish(alice, enqueue, claim, make_kind, seen):
    make_kind("told", on_end="tests.jobs.inline.note")
    enqueue(alice, "told")
    job = claim()
    services.finish(Claim.of(job))
    job.refresh_from_db()
    assert (job.state, job.lease_until, job.worker) == ("done", None, "")
    assert job.finished_at >= job.started_at
    assert seen == [("done", "")]


def test_release_counts_nothing_against_the_job(alice, enqueue, claim):
    enqueue(alice)
    job = claim()
    assert services.release(Claim.of(job))
    job.refresh_from_db()
    assert (job.state, job.lost, job.attempt) == ("queued", 0, 1)
    assert claim().attempt == 2


def test_release_of_a_job_that_is_to_stop_stops_it(alice, enqueue, claim):
    enqueue(alice)
    job = claim()
    services.cancel(by=alice, job=job)
    services.release(Claim.of(job))
    job.refresh_from_db()
    assert job.state == "cancelled"


def test_reaper_returns_and_at_last_fails(alice, enqueue, claim, make_kind, seen, nudges):
    make_kind("torn", max_attempts=2, on_end="tests.jobs.inline.note")
    enqueue(alice, "torn")
    job = claim()
    assert services.reap() == 0
    expire(job)
    assert services.reap() == 1
    job.refresh_from_db()
    assert (job.state, job.lost) == ("queued", 1)
    assert nudges == ["short"]
    expire(claim())
    assert services.reap() == 1
    job.refresh_from_db()
    assert (job.state, job.code, job.lost) == ("failed", "lost", 2)
    assert "2 times" in job.text
    assert seen == [("failed", "lost")]


def test_a_loss_counts_no_more_once_the_work_came_further(alice, enqueue, claim):
    enqueue(alice, total=10)
    for further in (3, 6, 9):
        job = claim()
        services.renew(Claim.of(job), done=further)
        expire(job)
        services.reap()
        job.refresh_from_db()
        assert (job.state, job.lost) == ("queued", 1)
    # As far as before is no further: three in a row are the end.
    for lost in (2, 3):
        job = claim()
        services.renew(Claim.of(job), done=9)
        expire(job)
        services.reap()
        job.refresh_from_db()
        assert job.lost == lost
    assert (job.state, job.code) == ("failed", "lost")


def test_doing_the_same_again_is_no_progress(alice, enqueue, claim):
    enqueue(alice, total=10)
    for lost in (1, 2, 3):
        job = claim()
        for done in (1, 5, 9):
            services.renew(Claim.of(job), done=done)
        expire(job)
        services.reap()
        job.refresh_from_db()
        assert job.lost == lost
    assert (job.state, job.code) == ("failed", "lost")


def test_reaper_believes_the_watchdog_when_a_clock_was_set_back(alice, enqueue, claim):
    enqueue(alice)
    job = claim()
    Job.objects.filter(pk=job.pk).update(lease_until=Now() + timedelta(days=1))
    assert services.reap() == 0
    assert services.reap(also=[Claim(job.pk, attempt=7)]) == 0
    assert services.reap(also=[Claim.of(job)]) == 1


def test_reaper_stops_what_was_to_stop(alice, enqueue, claim):
    enqueue(alice)
    job = claim()
    services.cancel(by=alice, job=job)
    expire(job)
    services.reap()
    job.refresh_from_db()
    assert job.state == "cancelled"


def test_cancel_of_a_waiting_job_is_at_once(alice, enqueue, claim, make_kind, seen):
    make_kind("told", on_end="tests.jobs.inline.note")
    job = services.cancel(by=alice, job=enqueue(alice, "told"))
    assert (job.state, job.code) == ("cancelled", "stopped")
    assert seen == [("cancelled", "stopped")]
    assert claim() is None


def test_cancel_of_a_running_job_is_told_to_its_worker(alice, enqueue, claim):
    enqueue(alice)
    job = claim()
    assert services.cancel(by=alice, job=job).is_stopping
    asked = job.cancel_requested_at
    assert services.cancel(by=alice, job=job).cancel_requested_at == asked
    assert services.renew(Claim.of(job), done=0) is True
    services.stop(Claim.of(job))
    job.refresh_from_db()
    assert job.state == "cancelled"


def test_cancel_of_an_ended_job_changes_nothing(alice, enqueue, claim):
    enqueue(alice)
    job = claim()
    services.finish(Claim.of(job))
    assert services.cancel(by=alice, job=job).state == "done"


def test_enforce_ends_what_ignores_the_wish_to_stop(alice, enqueue, claim):
    enqueue(alice)
    job = claim()
    services.cancel(by=alice, job=job)
    assert services.enforce(cancel_grace=30) == 0
    Job.objects.update(cancel_requested_at=Now() - timedelta(seconds=31))
    assert services.enforce(cancel_grace=30) == 1
    job.refresh_from_db()
    assert job.state == "cancelled"


def test_enforce_ends_what_takes_too_long(alice, enqueue, claim, make_kind):
    make_kind("slow", time_limit=60)
    enqueue(alice, "slow")
    job = claim()
    assert services.enforce(cancel_grace=1) == 0
    Job.objects.update(claimed_at=Now() - timedelta(seconds=62))
    assert services.enforce(cancel_grace=1) == 1
    job.refresh_from_db()
    assert (job.state, job.code, job.message_params) == ("failed", "too_long", {"limit": 60})


def test_retry_begins_anew_but_keeps_the_fence(alice, enqueue, claim, make_kind, seen):
    make_kind("told", on_retry="tests.jobs.inline.note")
    enqueue(alice, "told")
    job = claim()
    services.fail(Claim.of(job), "dark", "Too dark.")
    job.refresh_from_db()
    services.retry(by=alice, job=job)
    assert (job.state, job.code, job.lost, job.attempt, job.finished_at) == ("queued", "", 0, 1, None)
    assert seen == [("queued", "")]
    assert claim().attempt == 2


def test_retry_of_a_finished_job_is_refused(alice, enqueue, claim):
    enqueue(alice)
    job = claim()
    services.finish(Claim.of(job))
    job.refresh_from_db()
    with pytest.raises(Conflict):
        services.retry(by=alice, job=job)


def test_retry_of_a_kind_that_cannot_is_refused(alice, enqueue, make_kind):
    make_kind("once", retryable=False)
    job = services.cancel(by=alice, job=enqueue(alice, "once"))
    with pytest.raises(Conflict):
        services.retry(by=alice, job=job)


@pytest.mark.parametrize("change", [services.cancel, services.retry])
def test_others_jobs_do_not_exist(alice, charlie, enqueue, change):
    with pytest.raises(NotFound):
        change(by=charlie, job=enqueue(alice))


def test_the_operator_may_stop_anything(alice, operator, enqueue):
    assert services.cancel(by=operator, job=enqueue(alice)).state == "cancelled"


def test_a_room_that_stumbles_cannot_keep_a_failed_job_alive(alice, enqueue, claim, make_kind, caplog):
    make_kind("stumbles", on_end="tests.jobs.inline.stumble")
    enqueue(alice, "stumbles")
    job = claim()
    with pytest.raises(RuntimeError):
        services.finish(Claim.of(job))
    assert services.fail(Claim.of(job), "crashed", "Sorry.")
    job.refresh_from_db()
    assert (job.state, job.code) == ("failed", "crashed")


def test_the_request_follows_the_job(alice, enqueue):
    from accounts import request_id

    with request_id.within("abc"):
        assert enqueue(alice).request_id == "abc"

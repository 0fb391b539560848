"""Things that wait for a job that no longer is: their room is told, and nobody else."""

import pytest
from django.utils import timezone

from generation.jobs import orphans, services
from generation.jobs.models import Job
from tests.jobs import inline

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def seen():
    inline.seen.clear()
    return inline.seen


@pytest.fixture
def waiting(make_kind, alice):
    """Things with these keys say that they wait for a plain job."""
    things = []
    make_kind(on_end="tests.jobs.inline.note", waiting=lambda: [(key, alice.pk) for key in things])
    return things


def test_what_waits_for_nobody_is_ended(waiting, seen):
    waiting.append(7)
    assert orphans.tell() == 1
    assert seen == [("failed", "lost")]
    assert not Job.objects.exists(), "the room is told of an end, no job comes of it"


def test_what_somebody_is_at_or_has_before_them_is_left_alone(waiting, seen, alice, claim):
    for key in (7, 8):
        services.enqueue(kind="plain", owner=alice, subject_id=key)
        waiting.append(key)
    assert claim() is not None
    assert orphans.tell() == 0
    assert seen == []


def test_a_job_that_ended_without_being_heard_counts_as_gone(waiting, seen, alice):
    waiting.append(7)
    job = services.enqueue(kind="plain", owner=alice, subject_id=7)
    Job.objects.filter(pk=job.pk).update(state="failed", code="crashed", finished_at=timezone.now())
    assert orphans.tell() == 1
    assert seen == [("failed", "lost")]


def test_a_room_that_raises_does_not_keep_the_others_from_hearing(waiting, make_kind, seen, alice, caplog):
    waiting.append(7)
    make_kind("another", on_end="tests.jobs.inline.stumble", waiting=lambda: [(3, alice.pk)])
    assert orphans.tell() == 2
    assert seen == [("failed", "lost")]
    assert "the on_end of another raised for 3" in caplog.text

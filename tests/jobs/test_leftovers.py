"""Old rows of jobs go by the sweep; what people look at, what is young and what is at work stays."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from accounts import belongings
from generation.jobs import demo, leftovers, services, tasks
from generation.jobs.leases import Claim
from generation.jobs.models import Job


def aged(job, days, state):
    fields = {"state": state, "code": "" if state == "done" else "why"}
    Job.objects.filter(pk=job.pk).update(
        finished_at=Now() - timedelta(days=days), attempt=1, lease_until=None, worker="", **fields
    )
    return job.pk


@pytest.fixture
def old_jobs(alice, enqueue, make_kind):
    """Jobs of every end and age; the kind `drawn` is one that people look at."""
    make_kind("drawn", kept=True)
    return {
        (state, days, kind): aged(enqueue(alice, kind), days, state)
        for state, days, kind in [
            ("done", 91, "plain"),
            ("done", 89, "plain"),
            ("done", 1000, "drawn"),
            ("failed", 91, "plain"),
            ("failed", 366, "plain"),
            ("cancelled", 366, "plain"),
        ]
    }


def test_only_what_ended_long_ago_goes(old_jobs, alice, enqueue, claim):
    waiting = enqueue(alice).pk
    found = list(leftovers.leftovers())
    assert [leftover.what.split(" more")[0] for leftover in found] == [
        "1 jobs done",
        "2 jobs failed or stopped",
    ]
    assert Job.objects.count() == 7
    for leftover in found:
        leftover.remove()
    left = {old_jobs["done", 89, "plain"], old_jobs["done", 1000, "drawn"], old_jobs["failed", 91, "plain"]}
    assert set(Job.objects.values_list("pk", flat=True)) == {*left, waiting}
    assert list(leftovers.leftovers()) == []


def test_drawings_belong_to_their_rows(alice, settings, monkeypatch):
    monkeypatch.setattr(demo, "PAUSE_SECONDS", 0)
    drawn, begun, waiting = (demo.start(by=alice) for _job in range(3))
    tasks.run_next("short")
    claimed = services.claim(queue="short", worker="here:1")
    assert claimed.pk == begun.pk
    tile = demo.picture_path(begun.pk).with_suffix("") / "00.png"
    tile.parent.mkdir()
    tile.write_bytes(b"tile")
    assert sorted(leftovers.owned()) == sorted([f"jobs/{drawn.pk}.png", f"jobs/{begun.pk}/"])
    assert [path for path in belongings.missing() if path.startswith("jobs/")] == []
    services.stop(Claim.of(claimed))
    assert f"jobs/{begun.pk}/" in leftovers.owned(), "it can be taken up again"
    demo.picture_path(drawn.pk).unlink()
    assert f"jobs/{drawn.pk}.png" in belongings.missing()
    assert waiting.state == "queued"

"""A person takes their jobs along, and leaves nothing behind."""

import json

import pytest

from generation.jobs import demo, personal_data, services, tasks
from generation.jobs.models import Job


@pytest.fixture(autouse=True)
def quick(settings, tmp_path, monkeypatch):
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr(demo, "PAUSE_SECONDS", 0)


def test_all_of_it_and_only_ones_own(alice, bob, enqueue):
    job = demo.start(by=alice)
    tasks.run_next("short")
    enqueue(bob)
    taken = dict(personal_data.export(alice))
    assert set(taken) == {"jobs.json", f"{job.pk}.png"}
    assert [entry["state"] for entry in json.loads(json.dumps(taken["jobs.json"]))] == ["done"]
    assert taken[f"{job.pk}.png"].read_bytes().startswith(b"\x89PNG")


def test_nothing_is_left(alice, bob, enqueue, claim, tmp_path, django_capture_on_commit_callbacks):
    demo.start(by=alice)
    tasks.run_next("short")
    enqueue(alice)
    running = claim()
    kept = enqueue(bob)
    with django_capture_on_commit_callbacks(execute=True):
        personal_data.erase(alice)
    assert list(Job.objects.all()) == [kept]
    assert list((tmp_path / "jobs").iterdir()) == []
    assert not services.stop(services.Claim.of(running))

"""The demo draws the same palm again, whole or in pieces."""

import hashlib

import pytest
from django.urls import reverse

from generation.jobs import demo, tasks
from generation.jobs.errors import WorkerStopping
from generation.jobs.models import Job


@pytest.fixture(autouse=True)
def quick(settings, tmp_path, monkeypatch):
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr(demo, "PAUSE_SECONDS", 0)


def test_draws_a_picture_and_leaves_no_tiles(alice, tmp_path):
    job = demo.start(by=alice)
    tasks.run_next("short")
    job.refresh_from_db()
    assert (job.state, job.done, job.total) == ("done", 36, 36)
    assert demo.has_picture(job)
    assert [path.name for path in (tmp_path / "jobs").iterdir()] == [f"{job.pk}.png"]


class Broken:
    """A context whose worker leaves after some tiles."""

    def __init__(self, job_id, until):
        self.job_id, self.until, self.done = job_id, until, 0

    def progress(self, done, total):
        if done == self.until:
            raise WorkerStopping


def test_goes_on_where_it_was_and_draws_the_same():
    def digest(name):
        return hashlib.sha256(demo.picture_path(name).read_bytes()).hexdigest()

    demo.run_demo(Broken("one", until=None))
    whole = digest("one")
    demo.picture_path("one").unlink()
    with pytest.raises(WorkerStopping):
        demo.run_demo(Broken("one", until=20))
    assert not demo.picture_path("one").exists()
    demo.run_demo(Broken("one", until=None))
    assert digest("one") == whole
    demo.run_demo(Broken("two", until=None))
    assert digest("two") != whole


def test_the_picture_is_served_to_its_owner(alice, client):
    job = demo.start(by=alice)
    tasks.run_next("short")
    client.force_login(alice)
    response = client.get(reverse("jobs:picture", args=[job.pk]))
    assert response["Content-Type"] == "image/png"
    assert response.getvalue().startswith(b"\x89PNG")
    assert "<img" in client.get(reverse("jobs:detail", args=[job.pk])).content.decode()


def test_nothing_to_see_before_the_end(alice):
    job = demo.start(by=alice)
    assert not demo.has_picture(job)
    assert Job.objects.count() == 1

"""How a worker process behaves, played in the test's own."""

import pytest

from generation.jobs import worker
from generation.jobs.models import Worker


@pytest.fixture
def process(monkeypatch):
    me = worker._Process()
    me.queue = "short"
    monkeypatch.setattr(worker, "_me", me)
    return me


def test_idle_it_leaves_at_once(process):
    with pytest.raises(SystemExit):
        worker._on_term(15, None)


def test_busy_it_leaves_after_the_batch(process, db):
    done = []
    with pytest.raises(SystemExit), worker.at_work():
        worker._on_term(15, None)
        done.append(True)
    assert done
    assert worker.stopping().is_set()


def test_it_leaves_no_row_behind(process, db):
    worker._beat(process)
    assert Worker.objects.get().name == process.name
    with pytest.raises(SystemExit), worker.at_work():
        worker._on_term(15, None)
    assert not Worker.objects.exists()


def test_its_row_says_what_it_is_at(process, alice, enqueue, claim):
    enqueue(alice)
    job = claim()
    worker.hold(job)
    assert (Worker.objects.get().job_id, Worker.objects.get().attempt) == (job.pk, 1)
    worker.hold(None)
    assert (Worker.objects.get().job_id, Worker.objects.get().attempt) == (None, None)


def test_outside_a_cluster_nothing_is_written(db):
    worker.hold(None)
    assert not Worker.objects.exists()

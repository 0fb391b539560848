"""A real, tiny, untrained model, and workers that run inside the test."""

import pytest

from generation.jobs import tasks
from generation.jobs.models import Job
from generation.sets import services, verification
from generation.sets.models import Checkpoint
from mlcore import zoo_index
from mlcore.spec import GenerationSpec
from tests.sets.rows import full_set, model  # noqa: F401  # fixtures


@pytest.fixture
def stand_in(db, tmp_path, monkeypatch):
    """The published stand-in of an empty zoo, with its discriminator."""
    monkeypatch.setattr(zoo_index, "ZOO", tmp_path / "no-zoo")
    verification.sync_zoo()
    return Checkpoint.objects.get(name=verification.STAND_IN)


@pytest.fixture
def work():
    """Run waiting jobs of all queues to their end; with `most`, only so many."""

    def run(most=None):
        ran = 0
        while (most is None or ran < most) and (job := Job.objects.filter(state="queued").first()):
            tasks.run_next(job.queue)
            ran += 1
        return ran

    return run


@pytest.fixture
def order(stand_in, alice):
    """Alice's order of a few images, not yet made."""

    def make(count=20, by=alice, **wishes):
        more = {name: wishes.pop(name) for name in ("name", "tags", "is_preview") if name in wishes}
        spec = GenerationSpec(count=count, **{"seed": 4711, **wishes})
        return services.order_images(by=by, checkpoint=stand_in, spec=spec, **more)

    return make


@pytest.fixture
def finished(order, work):
    """A finished set of a few images."""

    def make(count=12, **wishes):
        image_set = order(count, **wishes).image_set
        work()
        image_set.refresh_from_db()
        return image_set

    return make

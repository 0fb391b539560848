"""Furnishes a running site: one thing of every kind, made and measured by the site's own workers where they can.

Run inside the site, after tests.e2e.site has brought a quick model; prints the addresses of the pages by name.
"""

import json
import time

from accounts.models import User
from generation.evaluation import services as evaluation
from generation.jobs.models import Job
from generation.sets import services as sets
from generation.sets import sharing
from generation.sets.models import Checkpoint, ImageSet, Order
from mlcore.spec import GenerationSpec
from tests.e2e.site import MODEL
from tests.palmsite import belongings_of_alice

COUNT = 16
WITHIN_SECONDS = 600
PAGES = {
    "set": "/sets/{set_id}",
    "set-quality": "/sets/{set_id}/quality",
    "set-recipe": "/sets/{set_id}/recipe",
    "set-downloads": "/sets/{set_id}/downloads",
    "set-sharing": "/sets/{set_id}/sharing",
    "image": "/images/{image_id}",
    "shared": "/shared/{secret}",
    "order-stopped": "/orders/{stopped_id}",
    "evaluation": "/evaluations/{evaluation_id}",
    "certificate": "/evaluations/{evaluation_id}/certificate",
    "comparison": "/comparisons/{comparison_id}",
    "rating": "/ratings/{panel_id}",
    "reference": "/references/{reference_id}",
    "job": "/jobs/{job_id}",
    "lab-data": "/lab/data/{name}",
    "lab-model": "/lab/models/{name}",
    "lab-prediction": "/lab/predict/{prediction_id}",
}


def furnish(person: User) -> dict[str, str]:
    """Make everything for this person and return the addresses."""
    model = Checkpoint.objects.get(name=MODEL)
    first, second = (_made(person, model, seed) for seed in (1, 2))
    stopped = sets.order_images(by=person, checkpoint=model, spec=GenerationSpec(count=2000, seed=3))
    sets.cancel(by=person, order=stopped)
    measured = evaluation.evaluate(by=person, image_set=first)
    compared = evaluation.compare(by=person, image_sets=[first, second])
    _until_ended()
    _share, secret = sharing.make_link(by=person, image_set=first)
    things = belongings_of_alice.gather(person, model, first)
    _until_ended()
    values = {**things.lab, **things.values, "secret": secret, "stopped_id": stopped.pk}
    values |= {"evaluation_id": measured.pk, "comparison_id": compared.pk}
    return {name: path.format(**values) for name, path in PAGES.items()}


def _made(person: User, model: Checkpoint, seed: int) -> ImageSet:
    spec = GenerationSpec(count=COUNT, seed=seed)
    order: Order = sets.order_images(by=person, checkpoint=model, spec=spec, name=f"Palms {seed}")
    _until_ended()
    order.refresh_from_db()
    assert order.state == Order.State.DONE, order.text
    return ImageSet.objects.get(pk=order.image_set_id)


def _until_ended() -> None:
    """Wait for the workers."""
    deadline = time.monotonic() + WITHIN_SECONDS
    while Job.objects.live().exists():
        assert time.monotonic() < deadline, list(Job.objects.live())
        time.sleep(0.2)


def main() -> None:
    """Furnish for the administrator, who may see every page."""
    print(json.dumps(furnish(User.objects.get(username="admin"))))

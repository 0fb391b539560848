"""Ratings by people's eyes: begun by a set's owner, given by whoever may look at it, counted by a job. No networks.

Which item is a photograph is told to nobody before they have rated all of them: neither by addresses nor by order.
"""

import random
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.errors import InvalidInput
from accounts.models import User
from generation.evaluation import pictures, policies, selectors
from generation.evaluation.models import Panel, Rating
from generation.jobs import services as jobs
from generation.jobs.models import Job
from generation.sets import selectors as sets
from generation.sets.models import ImageSet

COUNT = "count-ratings"
# The share of hidden photographs where a reference is mixed in: one to two.
REAL_SHARE = 3
COUNTED_EVERY = 10
TAGS = ("lines", "fingers", "skin", "shape", "colour", "blur", "ground")


@transaction.atomic
def begin(*, by: User, image_set: ImageSet, count: int = 30, reference: str = "", seed: int = 0) -> Panel:
    """Draw images of the set, and photographs of a reference that keeps them, in one shuffled row."""
    policies.check_can_begin_panel(by, image_set, count)
    policies.check_seed(seed)
    mixed = selectors.reference_with_photos(by, reference) if reference else None
    if mixed:
        policies.check_can_be_hidden(mixed, image_set)
    indices = list(sets.images_of(image_set).values_list("index", flat=True))
    draw = random.Random(seed)  # which images are shown is no secret; repeating the draw is wanted
    wanted_real = min(round(count / REAL_SHARE), mixed.n) if mixed else 0
    made = draw.sample(indices, min(count - wanted_real, len(indices)))
    items: list[dict[str, int]] = [{"made": index} for index in made]
    if mixed:
        items += [{"real": place} for place in draw.sample(range(mixed.n), wanted_real)]
    draw.shuffle(items)
    panel = Panel.objects.create(
        image_set=image_set,
        reference=mixed,
        items=items,
        seed=seed,
        side=pictures.side_of(image_set, indices[0], mixed),
        begun_by=by,
    )
    audit.record(by=by, action="set.rate", target=f"set:{image_set.pk}")
    return panel


def rate(*, by: User, panel: Panel, item: int, realism: int, tags: Sequence[str] = ()) -> Rating:
    """Keep one person's word on one item; a second word replaces the first."""
    if item not in selectors.shown_items(panel):
        message = _("There is no item %(item)s in this rating.") % {"item": item}
        raise InvalidInput(message, fields={"item": message})
    if not 1 <= realism <= 5:
        message = _("Rate from 1 (surely made) to 5 (surely real).")
        raise InvalidInput(message, fields={"realism": message})
    unknown = sorted(set(tags) - set(TAGS))
    if unknown:
        message = _("Choose tags among: %(known)s.") % {"known": ", ".join(TAGS)}
        raise InvalidInput(message, fields={"tags": message})
    with transaction.atomic():
        rating, _new = Rating.objects.update_or_create(
            panel=panel,
            rater=by,
            item=item,
            defaults={"realism": realism, "tags": [tag for tag in TAGS if tag in tags]},
        )
        given = Rating.objects.filter(panel=panel, rater=by).count()
        if given % COUNTED_EVERY == 0 or selectors.next_item(by, panel) is None:
            _count(panel, by)
    return rating


def stop_here(*, by: User, panel: Panel) -> None:
    """It is enough for this person: count what there is."""
    if Rating.objects.filter(panel=panel, rater=by).exists():
        with transaction.atomic():
            _count(panel, by)


def delete(*, by: User, panel: Panel) -> None:
    """Remove a rating with all that people said; the set's owner alone."""
    policies.check_can_delete_panel(by, panel)
    target = f"rating:{panel.pk}"
    with transaction.atomic():
        panel.delete()
        audit.record(by=by, action="rating.delete", target=target)
        latest = selectors.counted_panel(panel.image_set)
        _keep_headline(panel.image_set_id, latest.result if latest else None)


def _count(panel: Panel, by: User) -> None:
    waiting = Job.objects.filter(kind=COUNT, subject_id=str(panel.pk), state=Job.State.QUEUED)
    if not waiting.exists():
        jobs.enqueue(kind=COUNT, owner=by, subject_id=panel.pk, queue="short")


# What workers do


def counted(panel: Panel, result: dict[str, Any]) -> None:
    """Keep what was counted, and its headline on the set. Runs under the job's claim."""
    if Panel.objects.filter(pk=panel.pk).update(result=result):
        _keep_headline(panel.image_set_id, result)


def _keep_headline(set_id: Any, result: dict[str, Any] | None) -> None:
    image_set = ImageSet.objects.select_for_update().filter(pk=set_id).first()
    if image_set is None:
        return
    quality = {key: value for key, value in image_set.quality.items() if key != "eyes"}
    if result:
        quality["eyes"] = {key: result[key] for key in ("realism", "real_realism", "ratings", "raters", "n")}
    ImageSet.objects.filter(pk=image_set.pk).update(quality=quality)

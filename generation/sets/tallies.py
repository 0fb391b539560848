"""Numbers of a whole set that take a look at every image: counted once for each state of the set, then kept.

One kept entry a set, whatever is asked for: the cache also holds the counts of attempts, and must not be crowded out.
"""

from django.core.cache import cache

from generation.sets import selectors
from generation.sets.models import ImageSet, Order

KEPT_SECONDS = 7 * 24 * 3600


def histogram(image_set: ImageSet, scorer: str = "") -> list[int]:
    """How many images have which probability. What is being made, or judged by another scorer, is counted anew."""
    if scorer or Order.objects.filter(image_set=image_set, state=Order.State.OPEN).exists():
        return selectors.histogram(image_set, scorer=scorer)
    key = f"histogram-{image_set.pk}"
    kept: tuple[int, list[int]] | None = cache.get(key)
    # The version grows with every change of what the set holds.
    if kept is not None and kept[0] == image_set.version:
        return kept[1]
    bins = selectors.histogram(image_set)
    cache.set(key, (image_set.version, bins), KEPT_SECONDS)
    return bins

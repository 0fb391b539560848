"""What the page of a new set says before anything is ordered: models to choose, time, space.

Reads only; services.py orders.
"""

import secrets
from dataclasses import dataclass

from django.db.models import QuerySet
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import ledger
from accounts.models import User
from accounts.quotas import limits
from generation.sets import figures
from generation.sets.models import Checkpoint
from generation.sets.services import BYTES_UNTIL_MEASURED
from mlcore.spec import GenerationSpec

DEFAULT_COUNT = 200
MOST_CANDIDATES = 16
# Short enough to be said aloud, and a person never meets the same one twice by chance.
SEEDS = 2**31
SECONDS_UNTIL_MEASURED = 0.1
MINUTE, HOUR = 60, 3600


@dataclass(frozen=True)
class Estimate:
    """What an order will take."""

    seconds: float
    size: int


def offered() -> QuerySet[Checkpoint]:
    """Models that may be ordered from, the default first."""
    return Checkpoint.objects.published().select_related("partner")


def random_seed() -> int:
    """A seed nobody has thought of."""
    return secrets.randbelow(SEEDS)


def estimate(checkpoint: Checkpoint, spec: GenerationSpec) -> Estimate:
    """Time and room by what verification measured here."""
    each = checkpoint.seconds_per_image or SECONDS_UNTIL_MEASURED
    size = (checkpoint.bytes_per_image or BYTES_UNTIL_MEASURED) * spec.count
    return Estimate(seconds=each * spec.candidates * spec.count, size=size)


def sentence(person: User, checkpoint: Checkpoint, spec: GenerationSpec) -> str:
    """What stands under the button: how many of what, how long, how large, and how many more may be kept."""
    takes = estimate(checkpoint, spec)
    # Translators: how_many is "200 palms", model "palm-256", time "about 40 s", size "18 MB".
    first = _("%(how_many)s of %(model)s, %(time)s, %(size)s.") % {
        "how_many": how_many(spec.count, checkpoint.subject),
        "model": checkpoint.name,
        "time": time_taken(takes.seconds, is_least=spec.min_probability > 0),
        "size": filesizeformat(takes.size),
    }
    use = ledger.usage(person)["images"]
    left = max(0, limits(person).stored_images - use.used - spec.count)
    rest = ngettext("You may keep %(n)s more.", "You may keep %(n)s more.", left) % {
        "n": figures.grouped(left)
    }
    return f"{first} {rest}"


def how_many(count: int, subject: str = "palm") -> str:
    """A number of pictures by what they show."""
    if subject == "hand":
        words = ngettext("%(n)s hand", "%(n)s hands", count)
    elif subject == "palm":
        words = ngettext("%(n)s palm", "%(n)s palms", count)
    else:
        words = ngettext("%(n)s image", "%(n)s images", count)
    return words % {"n": figures.grouped(count)}


def time_taken(seconds: float, *, is_least: bool = False) -> str:
    """A time as a person would guess it, from this machine's own speed."""
    if seconds < 1.5 * MINUTE:
        words, number = _("about %(n)s s"), max(1, round(seconds))
    elif seconds < 1.5 * HOUR:
        words, number = _("about %(n)s min"), round(seconds / MINUTE)
    else:
        words, number = _("about %(n)s h"), round(seconds / HOUR)
    found = words % {"n": figures.grouped(number)}
    return _("%(time)s or more") % {"time": found} if is_least else found

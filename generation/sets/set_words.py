"""What the pages say of a set in few words: its quality, its recipe, whether another making agrees. Reads only."""

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import fields as fields_of
from typing import Any

from django.db.models import Exists, OuterRef
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from generation.sets import figures, headers, networks, selectors
from generation.sets.models import Export, Image, ImageSet
from mlcore.spec import GenerationSpec


@dataclass(frozen=True, slots=True)
class Kid:
    """The kernel distance in thousandths, as people say it, with its interval and what it was measured on and in.

    The last two are blank where a row from before does not tell them.
    """

    text: str
    interval: str
    value: float
    how: str


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many of a set's images are the same bytes as those of the set it was made after."""

    first: ImageSet
    same: int
    compared: int

    @property
    def is_whole(self) -> bool:
        """Whether all agree."""
        return self.compared > 0 and self.same == self.compared


def kid_of(measures: Mapping[str, Any]) -> Kid | None:
    """The headline of what was measured; None where nothing was."""
    value, ends = measures.get("kid"), measures.get("kid_ci")
    # Older rows may hold what verification refuses by now.
    if value is None or not headers.is_number(value):
        return None
    known = ends is not None and headers.is_interval(ends)
    interval = f"{figures.thousandths(ends[0])} – {figures.thousandths(ends[1])}" if known and ends else ""
    return Kid(
        text=figures.thousandths(value), interval=interval, value=float(value), how=_measured_how(measures)
    )


def _measured_how(measures: Mapping[str, Any]) -> str:
    """How many images against how many of which real ones, in which network, and what real ones get."""
    if not all(measures.get(name) for name in ("n", "n_ref", "extractor")):
        return ""
    # A set is measured against a reference with a name, a model that ships against those that were held out.
    name = measures.get("reference")
    words = (
        _("%(n)s images against the %(n_ref)s real ones of “%(reference)s”, in %(network)s.")
        if name
        else _("%(n)s images against %(n_ref)s held-out real ones, in %(network)s.")
    ) % {
        "n": number_format(measures["n"], force_grouping=True),
        "n_ref": number_format(measures["n_ref"], force_grouping=True),
        "reference": name,
        "network": networks.title(measures["extractor"]),
    }
    real = measures.get("real_kid")
    beside = "" if real is None else _("Real ones get %(kid)s.") % {"kid": figures.thousandths(real)}
    return " ".join(filter(None, (words, beside, figures.below_zero(measures["kid"], real))))


def spec_of(image_set: ImageSet) -> GenerationSpec | None:
    """The recipe's wish; None for a set that no recipe makes as a whole (a selection of another)."""
    recipe = image_set.recipe
    if "copied_from" in recipe or "seed" not in recipe or "count" not in recipe:
        return None
    known = {field.name for field in fields_of(GenerationSpec)} | {"version"}
    return GenerationSpec.from_json({name: value for name, value in recipe.items() if name in known})


def wish_of(export: Export) -> str:
    """What an export was asked to be beside its format: "quality 90, chosen images"."""
    wish = export.wish
    parts = []
    if "quality" in wish:
        parts.append(_("quality %(n)s") % {"n": wish["quality"]})
    if wish.get("val"):
        parts.append(_("%(n)s %% for validation") % {"n": figures.rounded(100 * wish["val"], 0)})
    if wish.keys() - {"quality", "val"}:
        parts.append(_("chosen images"))
    return ", ".join(parts)


def agreement(image_set: ImageSet) -> Agreement | None:
    """How a set that was made again agrees with the first; None for any other set, or when the first is gone."""
    first_id = image_set.recipe.get("again_of")
    first = ImageSet.objects.filter(pk=first_id, owner=image_set.owner_id).first() if first_id else None
    if first is None:
        return None
    twin = Image.objects.filter(image_set=first, index=OuterRef("index"))
    images = selectors.images_of(image_set).order_by()
    compared = images.filter(Exists(twin)).count()
    same = images.filter(Exists(twin.filter(sha256=OuterRef("sha256")))).count()
    return Agreement(first=first, same=same, compared=compared)

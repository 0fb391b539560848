"""Ratings by people's eyes, read for people: the picture that is next, and what all of them said so far."""

from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from generation.evaluation import cards, charts, links, panels, policies, selectors, words
from generation.evaluation.models import Panel
from generation.sets import selectors as sets
from generation.sets.models import ImageSet

WORST = 12
# Key, tag and its word, in the order of the keyboard's upper row.
TAG_KEYS = ("q", "w", "e", "r", "t", "y", "u")
TAG_WORDS: dict[str, str | Promise] = {
    "lines": gettext_lazy("lines of the palm"),
    "fingers": gettext_lazy("fingers"),
    "skin": gettext_lazy("skin"),
    "shape": gettext_lazy("shape"),
    "colour": gettext_lazy("colour"),
    "blur": gettext_lazy("blur"),
    "ground": gettext_lazy("background"),
}
MARKS: tuple[tuple[int, str | Promise], ...] = (
    (1, gettext_lazy("surely made")),
    (2, gettext_lazy("rather made")),
    (3, gettext_lazy("cannot say")),
    (4, gettext_lazy("rather real")),
    (5, gettext_lazy("surely real")),
)
_SENTENCES: dict[str, str | Promise] = {
    "eyes_cannot_tell": gettext_lazy("People cannot tell these images from hidden photographs."),
    "eyes_hardly_tell": gettext_lazy("People hardly tell these images from hidden photographs."),
    "eyes_often_tell": gettext_lazy("People often tell these images from hidden photographs."),
    "eyes_tell": gettext_lazy("People tell these images from hidden photographs."),
    "eyes_not_certain": gettext_lazy(
        "Perhaps people tell these images from hidden photographs, perhaps not: the interval is too wide to say. "
        "Have more images rated."
    ),
    "eyes_few": gettext_lazy("Too few images were rated to judge; from 20 on the number means something."),
    "eyes_unknown": gettext_lazy(
        "No photographs were hidden among the images, or too few, so there is nothing to judge by."
    ),
}


def of_rating(user: User, panel: Panel, item: int | None = None) -> dict[str, Any]:
    """The page of one picture, of the next where there is no such item; without one left, the words at the end."""
    order, given = selectors.items_in_order(user, panel), selectors.ratings_by(user, panel)
    left = [one for one in order if one not in given]
    now = item if item in order else next(iter(left), None)
    place = order.index(now) if now is not None else len(order)
    following = [one for one in left if one != now]
    known = given.get(now) if now is not None else None
    return {
        "panel": panel,
        "set": panel.image_set,
        "item": now,
        "picture": _picture(panel, now),
        "following": _picture(panel, following[0]) if following else "",
        "before": order[place - 1] if place > 0 and order else None,
        "done": len(order) - len(left),
        "total": len(order),
        "marks": [(mark, word, known is not None and known.realism == mark) for mark, word in MARKS],
        "tags": [
            (tag, TAG_WORDS[tag], key, known is not None and tag in known.tags)
            for tag, key in zip(panels.TAGS, TAG_KEYS, strict=True)
        ],
        "quality_url": links.of_quality(panel.image_set_id),
        "is_own": policies.can_delete_panel(user, panel),
    }


def of_set(user: User, image_set: ImageSet) -> dict[str, Any]:
    """What people said of a set, for its quality page: the last rating, and this person's part in it."""
    latest = selectors.panels_of(image_set).first()
    done = len(selectors.ratings_by(user, latest)) if latest else 0
    total = len(selectors.shown_items(latest)) if latest else 0
    # Who is in the middle of it is not told what the others said, nor which images were made.
    in_the_middle = 0 < done < total
    return {
        "panel": latest,
        "eyes": of_panel(latest) if latest and not in_the_middle else None,
        "in_the_middle": in_the_middle,
        "own_done": done,
        "own_total": total,
        "can_begin_panel": policies.can_begin_panel(user, image_set),
        "can_delete_panel": latest is not None and policies.can_delete_panel(user, latest),
    }


def of_panel(panel: Panel) -> dict[str, Any] | None:
    """Its card, its tags and the images that looked least real; None before anything was counted."""
    result = panel.result
    if not result or not result["ratings"]:
        return None
    indices = [panel.items[item]["made"] for item in result["worst"] if "made" in panel.items[item]]
    found = sets.images_of(panel.image_set).filter(index__in=indices).values_list("index", "pk")
    here = {index: (links.thumb(pk), links.image(pk)) for index, pk in found}
    return {
        "card": card(result),
        "agreement": agreement(result),
        "tags": [
            (TAG_WORDS.get(tag, tag), counts["made"], counts["real"])
            for tag, counts in result["tags"].items()
        ],
        "worst": [(index, *here[index]) for index in indices[:WORST] if index in here],
        "reference": panel.reference.name if panel.reference else "",
    }


def card_of_set(image_set: ImageSet) -> cards.Card | None:
    """The card of the last rating in which anything was counted."""
    panel = selectors.counted_panel(image_set)
    return card(panel.result) if panel and panel.result["ratings"] else None


def card(result: dict[str, Any]) -> cards.Card:
    """The fifth card: realism from 1 to 5 beside that of the hidden photographs."""
    value, interval, real = result["realism"], result["realism_ci"], result["real_realism"]
    span = words.between(*(words.plain(end, 1) for end in interval)) if interval else ""
    title, written = _("Human eyes"), words.plain(value, 1)
    beside = _("photographs")
    label = words.labelled(title, written, span, f"{beside} {words.plain(real, 1)}")
    drawing = charts.scale(
        _part(value), _parts(interval), _part(real), most=1.0, label=label, real_word=beside
    )
    rows = [
        cards.Row(
            _("Taken for real (4 or 5)"),
            words.share(result["looks_real"]),
            "",
            "" if real is None else words.share(result["real_looks_real"]),
        )
    ]
    if result["told"] is not None:
        told_span = words.between(*map(words.share, result["told_ci"])) if result["told_ci"] else ""
        rows.append(
            cards.Row(
                _("A photograph is rated above a made one"),
                words.share(result["told"]),
                told_span,
                words.share(0.5),
            )
        )
    grade = result["verdict"]["grade"]
    return cards.Card(
        "eyes",
        title,
        written,
        counts(result),
        span,
        "" if real is None else words.plain(real, 1),
        grade,
        (str(_SENTENCES[result["verdict"]["code"]]),),
        drawing if value is not None else SafeString(""),
        tuple(rows),
        beside,
    )


def counts(result: dict[str, Any]) -> str:
    """On how much the number stands."""
    ratings = ngettext("%(n)s rating", "%(n)s ratings", result["ratings"]) % {
        "n": words.plain(result["ratings"], 0)
    }
    raters = ngettext("%(n)s person", "%(n)s people", result["raters"]) % {
        "n": words.plain(result["raters"], 0)
    }
    return _("realism from 1 to 5; %(ratings)s by %(raters)s, %(images)s, %(real)s hidden photographs") % {
        "ratings": ratings,
        "raters": raters,
        "images": words.images(result["n"]),
        "real": words.plain(result["n_real"], 0),
    }


def agreement(result: dict[str, Any]) -> str:
    """How far the raters agree, in words; by the customary marks of Krippendorff's alpha."""
    if result["raters"] < 2:
        return _("One person has rated; agreement needs two.")
    if result["alpha"] is None:
        return _(
            "Nothing can be said of agreement: no image was rated by two people, or all ratings are the same."
        )
    span = words.between(*map(words.plain, result["alpha_ci"])) if result["alpha_ci"] else "–"
    params = {"alpha": words.plain(result["alpha"]), "span": span}
    if result["alpha"] >= 0.8:
        return _("The raters agree (Krippendorff's alpha %(alpha)s, %(span)s).") % params
    if result["alpha"] >= 0.667:
        return _("The raters agree tolerably (Krippendorff's alpha %(alpha)s, %(span)s).") % params
    return (
        _("The raters hardly agree (Krippendorff's alpha %(alpha)s, %(span)s): read the mean with care.")
        % params
    )


def _picture(panel: Panel, item: int | None) -> str:
    return "" if item is None else reverse("evaluation:rate_picture", args=[panel.pk, item])


def _part(value: float | None) -> float | None:
    """From 1..5 to 0..1, as the drawn scale has it."""
    return None if value is None else (value - 1) / 4


def _parts(interval: list[float] | None) -> list[float | None] | None:
    return [_part(end) for end in interval] if interval else None

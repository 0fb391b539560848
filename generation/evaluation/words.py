"""Numbers, and what was measured of what, as a person would say them, in the reader's language."""

from collections.abc import Mapping
from typing import Any

from django.utils.formats import number_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from generation.evaluation.models import Reference
from generation.sets import figures

# What a recipe wishes for beside its model, in the order in which people read it.
WISHES = ("seed", "candidates", "min_probability", "first_index", "hand", "look")


def share(value: float | None) -> str:
    """A share in percent."""
    return (
        "–"
        if value is None
        else _("%(percent)s\N{NO-BREAK SPACE}%%") % {"percent": figures.rounded(value * 100, 0)}
    )


def thousandths(value: float | None) -> str:
    """KID as people write it: in thousandths, one digit after the point."""
    return "–" if value is None else figures.thousandths(value)


def plain(value: float | None, digits: int = 2) -> str:
    """A number with so many digits after the point."""
    return "–" if value is None else figures.rounded(value, digits)


def between(low: str, high: str) -> str:
    """An interval."""
    return _("%(low)s to %(high)s") % {"low": low, "high": high}


def at_equal_n(real: str, count: int, own: str) -> str:
    """What real palms get where there are fewer of them than of the set, with what as few of the set get."""
    return _("%(real)s at %(n)s images, where this set has %(own)s") % {
        "real": real,
        "n": number_format(count, force_grouping=True),
        "own": own,
    }


def draws(span: str) -> str:
    """What several draws of real palms got."""
    return _("draws: %(span)s") % {"span": span}


def real(subject: str) -> str:
    """What a reference holds, as it stands beside a number."""
    return {"palm": _("real palms"), "hand": _("real hands")}[subject]


def certified(subject: str) -> str:
    """What a certificate is of; models may show other things than palms and hands."""
    titles = {
        "palm": _("Certificate of a set of synthetic palms"),
        "hand": _("Certificate of a set of synthetic hands"),
    }
    return titles.get(subject, _("Certificate of a set of synthetic images"))


def labelled(title: str, value: str, span: str, beside: str) -> str:
    """A number with its interval and what real ones get, for readers who do not see the drawing."""
    if span:
        return _("%(title)s: %(value)s, %(span)s; %(beside)s") % {
            "title": title, "value": value, "span": span, "beside": beside
        }  # fmt: skip
    return _("%(title)s: %(value)s; %(beside)s") % {"title": title, "value": value, "beside": beside}


def changed(name: str, then: int, now: int) -> str:
    """A set that holds other images than when it was compared."""
    if then == now:
        return _(
            "%(name)s: compared when the set had other images, as many as now. Compare again to measure what is there."
        ) % {"name": name}
    return _(
        "%(name)s: compared when the set had %(n)s images; now it has %(now)s. Compare again to measure what is there."
    ) % {
        "name": name,
        "n": number_format(then, force_grouping=True),
        "now": number_format(now, force_grouping=True),
    }


def measured_with(result: Mapping[str, Any], subject: str) -> str:
    """Which real ones stand beside the numbers, and among which pictures copies were looked for."""
    sentences = (_against_real(result.get("real") or {}, subject), _looked_for_copies(result))
    return " ".join(filter(None, sentences))


def _against_real(baseline: Mapping[str, Any], subject: str) -> str:
    if not baseline:
        return ""
    sentences = {
        "other_people": _("“%(real)s” are %(n)s of other people, measured as if they were the set."),
        "halves": _("“%(real)s” are %(n)s of one half of the reference against %(other)s of the other half."),
    }
    return sentences[baseline.get("way", "halves")] % {
        "real": capfirst(real(subject)),
        "n": number_format(baseline["n"], force_grouping=True),
        "other": number_format(baseline["n_ref"], force_grouping=True),
    }


def _looked_for_copies(result: Mapping[str, Any]) -> str:
    if not (result.get("privacy") and result.get("training") and result.get("held")):
        return ""  # not measured, or measured when results did not name them yet
    return _("Copies were looked for in %(training)s (%(sha)s), beside %(held)s (%(held_sha)s).") % {
        "training": result["training"]["name"],
        "sha": result["training"]["sha256"][:12],
        "held": result["held"]["name"],
        "held_sha": result["held"]["sha256"][:12],
    }


def why_no_privacy(why: Mapping[str, Any]) -> str:
    """Why nothing is said of what was learned from, by mlcore's code; results from before there were codes lack it."""
    sentences = {
        "no_held_out": _(
            "The pictures that the model learned from are known, but no people of the same photographs were held out, "
            "in this network: without them nobody can say what is close. This is not measured."
        ),
        "held_out_in_training": _(
            "%(shared)s of the %(n_held)s held-out pictures are among those that the model learned from: against "
            "them every copy would pass. This is not measured."
        ),
    }
    unknown = _("Nothing is known of the pictures that the model learned from, so this is not measured.")
    return sentences.get(why.get("code", ""), unknown) % why


def seen(code: str, network: str) -> str:
    """Whether the model has seen the network that it is measured in."""
    sentences = {
        "trained": _("This model was trained against %(network)s and looks better in it than it is."),
        "chosen": _(
            "The best step of this model's training was chosen in %(network)s, so it may look a little better in it."
        ),
        "unseen": _("This model has never seen %(network)s: it cannot be flattered."),
        "unknown": _(
            "The model's file does not say whether it has seen %(network)s; measure in two networks."
        ),
    }
    return sentences[code] % {"network": network}


def other_subject(shown: str, real: str) -> str:
    """A word of warning where pictures show something else than what they are measured against."""
    if shown == real:
        return ""
    subjects = dict(Reference.Subject.choices)
    return _(
        "The pictures show %(shown)s and the reference shows %(real)s, so the numbers say how far the one is from the "
        "other, not how good the pictures are."
    ) % {"shown": subjects.get(shown, shown), "real": subjects[real]}


def believe(code: str, network: str) -> str:
    """Which network of this site to believe rather, by how the model has seen that one; empty where there is none."""
    sentences = {
        "unseen": _("Believe %(network)s, which it has never seen."),
        "chosen": _("Believe %(network)s, in which only its best step was chosen."),
    }
    return sentences[code] % {"network": network} if code else ""


def images(count: int) -> str:
    """A number of images."""
    return ngettext("%(n)s image", "%(n)s images", count) % {"n": number_format(count, force_grouping=True)}


def measure_title(name: str) -> str:
    """A measure's name for people."""
    titles = {
        "kid": _("KID, in thousandths"),
        "fd": _("Fréchet distance"),
        "fid": _("FID"),
        "fd_infinite": _("Fréchet distance at endless N"),
        "precision": _("Precision"),
        "recall": _("Recall"),
        "density": _("Density"),
        "coverage": _("Coverage"),
        "vendi": _("Vendi score"),
        "duplicates": _("Repeats"),
        "suspicious": _("Suspiciously close to training pictures"),
        "copies": _("Copies of training pictures"),
        "ratio": _("Nearest training picture, against strangers' pictures"),
        "authentic": _("Farther from a training picture than it is from its own like"),
    }
    return titles.get(name, name)


def recipe_title(key: str) -> str:
    """A line of a recipe for people."""
    titles = {
        "model": _("Model"),
        "seed": _("Seed"),
        "candidates": _("Candidates"),
        "min_probability": _("Least probability"),
        "first_index": _("First number"),
        "hand": _("Hand"),
        "look": pgettext("recipe", "Look"),
    }
    return titles.get(key, key)


def recipe_value(key: str, value: Any) -> str:
    """What stands in that line."""
    hands = {
        "any": pgettext("hand", "Either"),
        "left": pgettext("hand", "Left"),
        "right": pgettext("hand", "Right"),
    }
    if value in (None, ""):
        return "–"
    if key == "hand":
        return hands.get(value, str(value))
    if key == "look" and value == "any":
        return pgettext("look", "Any")
    return plain(value) if key == "min_probability" else str(value)

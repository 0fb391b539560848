"""Numbers and verdicts as a person would say them, in the reader's language. Decides nothing: mlcore has judged."""

from collections.abc import Mapping
from typing import Any

from django.utils.formats import number_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext, pgettext

from generation.evaluation.models import Reference
from generation.sets import figures

# What a recipe wishes for beside its model, in the order in which people read it.
WISHES = ("seed", "candidates", "min_probability", "first_index", "hand", "look")
CHIPS = {"good": "good", "fine": "good", "worrying": "warn", "bad": "bad"}
_GRADES = {
    "good": gettext_noop("good"),
    "fine": gettext_noop("fine"),
    "worrying": gettext_noop("worrying"),
    "bad": gettext_noop("bad"),
    "unknown": gettext_noop("not judged"),
}
_ADVICE = {
    "good": gettext_noop("This set may go into training."),
    "fine": gettext_noop("This set may go into training; look at what is below real ones first."),
    "worrying": gettext_noop("Look through the set before it goes into training: something is off."),
    "bad": gettext_noop("Do not train on this set as it is."),
    "too_few_to_judge": gettext_noop(
        "Too few images to judge. Make 100 for a first look, 1,000 for a judgement."
    ),
    "too_few_real_to_judge": gettext_noop(
        "The reference is too small to judge by. Measure against one of 100 photographs or more."
    ),
    "real_ones_differ": gettext_noop(
        "The reference is no yardstick: halves of it are too far from each other. Measure against one of 40 people or "
        "more, photographed alike."
    ),
    "not_certain": gettext_noop(
        "Not certain yet how near to real ones this set is: the interval is too wide. Measure more images."
    ),
    "no_privacy": gettext_noop(
        "Nothing that was measured speaks against this set, but its privacy is not known: it is not certified. Before "
        "it leaves the house, find out what its model learned from."
    ),
}
# Of palms and hands alike: what is judged stands on the page beside them.
_SENTENCES = {
    ("kid", "like_real"): gettext_noop("As a whole, hardly farther from real ones than other real ones are."),
    ("kid", "near_real"): gettext_noop("Near to real ones, with a difference that can be measured."),
    ("kid", "apart_from_real"): gettext_noop(
        "Clearly apart from real ones. Choose the better-scored share or another model."
    ),
    ("kid", "far_from_real"): gettext_noop(
        "Far from real ones. Try another model; more images will not help."
    ),
    ("kid", "not_certain"): gettext_noop(
        "Perhaps as near as other real ones, perhaps not: the interval is too wide to tell. Measure more images."
    ),
    ("recall", "like_real"): gettext_noop("The kinds that people have are there, as among real ones."),
    ("recall", "below_real"): gettext_noop(
        "Some of the kinds that people have are missing. Choose less strictly, or mix models."
    ),
    ("recall", "perhaps_below_real"): gettext_noop(
        "Perhaps some of the kinds that people have are missing, perhaps not: the interval is too wide to tell. "
        "Measure more images."
    ),
    ("recall", "low"): gettext_noop(
        "Many of the kinds that people have are missing. Choose less strictly, or mix models."
    ),
    ("recall", "hardly_any"): gettext_noop(
        "Hardly any of the kinds that people have is there: the images are much alike."
    ),
    ("recall", "unit"): gettext_noop("of the kinds that people have are there"),
    ("precision", "like_real"): gettext_noop(
        "One by one, the images pass for real as often as real ones do."
    ),
    ("precision", "below_real"): gettext_noop(
        "One by one, the images pass for real less often than real ones do. Keep the better-scored share."
    ),
    ("precision", "perhaps_below_real"): gettext_noop(
        "One by one, the images perhaps pass for real less often than real ones do: the interval is too wide to tell."
    ),
    ("precision", "low"): gettext_noop(
        "Few of the images pass for real ones. Keep only the best-scored, or try another model."
    ),
    ("precision", "hardly_any"): gettext_noop("Hardly any image passes for a real one."),
    ("precision", "unit"): gettext_noop("of the images pass for real ones"),
    ("duplicates", "none"): gettext_noop("No image repeats another."),
    ("duplicates", "few"): gettext_noop("A few images repeat others; delete them."),
    ("duplicates", "some"): gettext_noop("Some images repeat others. Delete the repeats before training."),
    ("duplicates", "many"): gettext_noop("Many images repeat others: the set is worth less than its number."),
    ("privacy", "as_far_as_real"): gettext_noop(
        "No closer to the training pictures than pictures of strangers are."
    ),
    ("privacy", "more_suspicious_than_real"): gettext_noop(
        "Somewhat more images than by chance lie close to training pictures. Look at them below."
    ),
    ("privacy", "many_suspicious"): gettext_noop(
        "Many images lie close to training pictures. Do not give the set away before you have looked at them."
    ),
    ("privacy", "copies"): gettext_noop(
        "Some images are all but copies of training pictures. Delete them; do not give the set away."
    ),
    ("n_ref", "real_ones_differ"): gettext_noop(
        "The reference is no yardstick: halves of it are too far from each other, as of few people or of several kinds "
        "of photograph."
    ),
    ("vendi", "all_alike"): gettext_noop("All images are alike to the network."),
    ("fid", "under_custom_100"): gettext_noop(
        "Under 100, which is what the field's beginners call good. Beside it stands what real ones get."
    ),
    ("fid", "over_custom_100"): gettext_noop(
        "Over 100: even by the field's beginners' custom this is not good."
    ),
}
_FEW_IMAGES = gettext_noop("%(images)s: too few to judge. From %(enough)s on the number means something.")
# Of codes that name how many there are and how many it takes.
_FEW = {
    "too_few_to_judge": _FEW_IMAGES,
    "too_few_real_to_judge": gettext_noop(
        "The reference has %(images)s: too few to judge by. From %(enough)s on the number means something."
    ),
    "too_few_for_fid": _FEW_IMAGES,
    "too_few_real_for_fid": gettext_noop(
        "The reference has %(images)s: too few for FID, however large the set is. Measure against a reference of "
        "%(enough)s or more, or press Evaluate: KID needs no such number."
    ),
}


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


def grade(name: str) -> str:
    """A grade in one word."""
    return _(_GRADES.get(name, _GRADES["unknown"]))


def advice(name: str) -> str:
    """What to do with a set of this overall grade, or with one that has none for this reason (`grades.advised`)."""
    return _(_ADVICE[name])


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


def unit(measure: str) -> str:
    """What a share is a share of."""
    return _(_SENTENCES[measure, "unit"])


def labelled(title: str, value: str, span: str, beside: str) -> str:
    """A number with its interval and what real ones get, for readers who do not see the drawing."""
    if span:
        return _("%(title)s: %(value)s, %(span)s; %(beside)s") % {
            "title": title, "value": value, "span": span, "beside": beside
        }  # fmt: skip
    return _("%(title)s: %(value)s; %(beside)s") % {"title": title, "value": value, "beside": beside}


def verdict(found: Mapping[str, Any]) -> str:
    """A verdict as a sentence."""
    measure, code = found["measure"], found["code"]
    if code in _FEW:
        return _(_FEW[code]) % {
            "images": images(int(found["value"] or 0)),
            "enough": number_format(found["beside"] or 0, force_grouping=True),
        }
    sentence = _SENTENCES.get((measure, code))
    return _(sentence) if sentence else ""


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

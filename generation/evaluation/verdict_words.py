"""Verdicts as a person would say them, in the reader's language. Decides nothing: mlcore has judged."""

from collections.abc import Mapping
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from generation.evaluation import words

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


def grade(name: str) -> str:
    """A grade in one word."""
    return _(_GRADES.get(name, _GRADES["unknown"]))


def advice(name: str) -> str:
    """What to do with a set of this overall grade, or with one that has none for this reason (`grades.advised`)."""
    return _(_ADVICE[name])


def unit(measure: str) -> str:
    """What a share is a share of."""
    return _(_SENTENCES[measure, "unit"])


def verdict(found: Mapping[str, Any]) -> str:
    """A verdict as a sentence."""
    measure, code = found["measure"], found["code"]
    if code in _FEW:
        return _(_FEW[code]) % {
            "images": words.images(int(found["value"] or 0)),
            "enough": number_format(found["beside"] or 0, force_grouping=True),
        }
    sentence = _SENTENCES.get((measure, code))
    return _(sentence) if sentence else ""

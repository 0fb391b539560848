"""A reference read for people: how far it is, what came of its photographs, which were refused and why."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from generation.evaluation import policies
from generation.evaluation.models import Reference
from generation.sets import networks

SHOWN_PHOTOS = 24
SHOWN_REFUSED = 100


def of_reference(user: User, reference: Reference) -> dict[str, Any]:
    """All of one reference's page."""
    report = reference.report
    refused = report.get("refused", [])
    return {
        "reference": reference,
        "is_live": reference.job is not None and reference.job.is_live,
        "is_own": reference.owner_id == user.pk,
        "can_delete": policies.can_delete_reference(user, reference),
        "can_measure": policies.can_measure_anew(user, reference),
        "networks": [
            {"title": networks.title(bank.extractor), "weights": bank.weights_sha256[:8], "size": bank.size}
            for bank in reference.banks.all()
        ],
        "people": _people(report),
        "reasons": [(reason_words(reason), count) for reason, count in report.get("reasons", {}).items()],
        "refused": [
            {"file": one["file"], "why": reason_words(one["reason"]), "detail": detail_words(one)}
            for one in refused[:SHOWN_REFUSED]
        ],
        "refused_count": sum(report.get("reasons", {}).values()),
        "more_refused": max(sum(report.get("reasons", {}).values()) - SHOWN_REFUSED, 0),
        "photos": range(min(reference.n, SHOWN_PHOTOS)) if reference.keeps_photos else range(0),
        "more_photos": max(reference.n - SHOWN_PHOTOS, 0) if reference.keeps_photos else 0,
    }


def reason_words(reason: str) -> str:
    """Why a photograph was refused."""
    words = {
        "broken": _("cannot be read as a picture"),
        "kind": _("by its name no picture that is read here: save it as .jpg, .png, .webp or .bmp"),
        "no palm": _("no open hand was found in it"),
        "tiny": _("the hand has too few pixels"),
        "blurred": _("the lines are blurred"),
        "duplicate": _("nearly the same as another picture"),
    }
    return words.get(reason, reason)


def detail_words(refused: Mapping[str, Any]) -> str:
    """By how much it was too little, or what it repeats; of what cannot be read there is no number."""
    facts = refused.get("facts")
    if facts is None:
        return str(refused["detail"])  # kept before the facts were
    words = {
        "tiny": _("%(found)s pixels, at least %(least)s are needed"),
        "blurred": _("sharpness %(found)s, at least %(least)s is needed"),
        "duplicate": _("of %(twin)s"),
    }
    return words[refused["reason"]] % facts if refused["reason"] in words else ""


def _people(report: dict[str, Any]) -> int:
    found: int = report.get("people", 0)
    return found

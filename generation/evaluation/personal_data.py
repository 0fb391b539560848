"""What a person takes along of this room, and how all of it goes when they leave."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from django.db import transaction

from accounts.models import User
from accounts.personal_data import Content
from generation.evaluation.models import Bank, Comparison, Evaluation, Reference

FOLDER = "references"
_EVALUATION = ("id", "image_set_id", "kind", "spec", "state", "n", "result", "created_at", "finished_at")
_COMPARISON = ("id", "sets", "spec", "state", "result", "created_at", "finished_at")
_REFERENCE = ("id", "name", "n", "lineage", "notes", "created_at")


def export(user: User) -> Iterator[tuple[str, Content]]:
    """Measurements of one's own sets, comparisons, and one's own references with their features."""
    yield (
        "evaluations.json",
        list(Evaluation.objects.filter(image_set__owner=user).values(*_EVALUATION)),
    )
    yield "comparisons.json", list(Comparison.objects.filter(owner=user).values(*_COMPARISON))
    yield "references.json", list(Reference.objects.filter(owner=user).values(*_REFERENCE))
    for bank in Bank.objects.filter(reference__owner=user, source=Bank.Source.UPLOAD):
        if bank.path.is_file():
            yield f"references/{bank.file}", bank.path


def erase(user: User) -> None:
    """Remove all of it; rows now, files when that is certain. Evaluations go with their sets."""
    for bank in Bank.objects.filter(reference__owner=user, source=Bank.Source.UPLOAD):
        transaction.on_commit(partial(Path.unlink, bank.path, missing_ok=True))
    Reference.objects.filter(owner=user).delete()
    Comparison.objects.filter(owner=user).delete()
    Evaluation.objects.filter(image_set__owner=user).delete()


def owned() -> Iterator[str]:
    """The files that rows need."""
    for file in Bank.objects.filter(source=Bank.Source.UPLOAD).values_list("file", flat=True).iterator():
        yield f"{FOLDER}/{file}"

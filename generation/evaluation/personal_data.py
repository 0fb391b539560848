"""What a person takes along of this room, and how all of it goes when they leave."""

from collections.abc import Iterator

from accounts.models import User
from accounts.personal_data import Content
from generation.evaluation import adding
from generation.evaluation.models import Comparison, Evaluation, Rating, Reference

FOLDER = "references"
_EVALUATION = ("id", "image_set_id", "kind", "spec", "state", "n", "result", "created_at", "finished_at")
_COMPARISON = ("id", "sets", "spec", "state", "result", "created_at", "finished_at")
_REFERENCE = ("id", "name", "state", "n", "lineage", "notes", "keeps_photos", "report", "created_at")


def export(user: User) -> Iterator[tuple[str, Content]]:
    """Measurements of one's own sets, comparisons, and one's own references with their features."""
    yield (
        "evaluations.json",
        list(Evaluation.objects.filter(image_set__owner=user).values(*_EVALUATION)),
    )
    yield "comparisons.json", list(Comparison.objects.filter(owner=user).values(*_COMPARISON))
    yield (
        "ratings.json",
        list(Rating.objects.filter(rater=user).values("panel_id", "item", "realism", "tags", "created_at")),
    )
    yield "references.json", list(Reference.objects.filter(owner=user).values(*_REFERENCE))
    for reference in Reference.objects.filter(owner=user, state=Reference.State.READY):
        for path in sorted(reference.folder.rglob("*")):
            if path.is_file():
                yield f"references/{reference.pk}/{path.relative_to(reference.folder)}", path


def erase(user: User) -> None:
    """Remove all of it; rows now, files when that is certain. Evaluations go with their sets."""
    for reference in Reference.objects.filter(owner=user).select_related("owner"):
        adding.forget(reference)
    Comparison.objects.filter(owner=user).delete()
    Evaluation.objects.filter(image_set__owner=user).delete()
    Rating.objects.filter(rater=user).delete()


def owned() -> Iterator[str]:
    """The files that rows need: banks and kept photographs of references that people added."""
    added = Reference.objects.filter(state=Reference.State.READY).exclude(request={})
    for pk in added.values_list("pk", flat=True).iterator():
        yield f"{FOLDER}/{pk}/"

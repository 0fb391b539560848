"""What the pages of a measurement show beside its numbers: pictures by number, history, the way it was made."""

from dataclasses import dataclass
from typing import Any

from accounts.models import User
from generation.evaluation import (
    cards,
    comparison_lines,
    extractors,
    eyes,
    grades,
    links,
    policies,
    selectors,
    verdict_words,
    words,
)
from generation.evaluation.forms import EvaluateForm, PanelForm
from generation.evaluation.models import Evaluation
from generation.sets import networks
from generation.sets import selectors as sets
from generation.sets.models import Checkpoint, ImageSet

SHOWN_SUSPECTS = 20


@dataclass(frozen=True)
class Picture:
    """A small picture that leads to its image; gone ones have no address."""

    index: int
    thumb: str
    url: str
    words: str = ""


def of_set(
    user: User, image_set: ImageSet, *, note: str = "", form: EvaluateForm | None = None
) -> dict[str, Any]:
    """The whole of a set's quality."""
    evaluations = list(selectors.evaluations_of(image_set)[:50])
    latest = _shown(evaluations, Evaluation.Kind.EVALUATE)
    return {
        "set": image_set,
        "is_own": policies.can_evaluate(user, image_set),
        "is_few": image_set.count < policies.LEAST_IMAGES,
        "least": policies.LEAST_IMAGES,
        # What is being measured stands first: whoever has just asked for it looks there.
        "shown": sorted(
            _shown(evaluations, Evaluation.Kind.FID) + latest, key=lambda one: not one.is_waiting
        ),
        "certified": next((one for one in latest if one.is_done), None),
        "history": [_line(one) for one in evaluations],
        "form": form or EvaluateForm(user, auto_id="measure_%s"),
        "note": note,
        "set_url": links.of_set(image_set.pk),
        "panel_form": PanelForm(user, image_set, auto_id="panel_%s"),
        **eyes.of_set(user, image_set),
    }


def of_evaluation(user: User, evaluation: Evaluation) -> dict[str, Any]:
    """One measurement for its template; only what is done has cards."""
    image_set = evaluation.image_set
    context: dict[str, Any] = {
        "evaluation": evaluation,
        "set": image_set,
        "is_own": policies.can_evaluate(user, image_set),
        "network": extractors.get(evaluation.extractor),
        "seen": seen_words(
            extractors.seen(image_set.checkpoint, evaluation.extractor),
            evaluation.extractor,
            image_set.checkpoint,
        ),
        "warning": words.other_subject(image_set.subject, evaluation.reference_subject),
        "set_url": links.of_set(image_set.pk),
        "quality_url": links.of_quality(image_set.pk),
        "is_old": evaluation.is_done
        and not selectors.is_as_measured(image_set, evaluation.n, evaluation.result.get("numbers")),
    }
    if evaluation.is_done:
        context |= _done(evaluation)
    return context


def of_certificate(user: User, evaluation: Evaluation) -> dict[str, Any]:
    """One measurement that is done for a sheet of paper: with what people's eyes said and how the set was made."""
    image_set = evaluation.image_set
    recipe = image_set.recipe
    return of_evaluation(user, evaluation) | {
        "title": words.certified(image_set.subject),
        "eyes_card": eyes.card_of_set(image_set),
        "wishes": [
            (words.recipe_title(key), words.recipe_value(key, recipe[key]))
            for key in words.WISHES
            if recipe.get(key) not in (None, "")
        ],
    }


def seen_words(code: str, network: str, model: Checkpoint | None = None) -> str:
    """Whether the model has seen the network, with the name of one of this site that it has seen less."""
    other, how = extractors.better_judge(model, network) if model else ("", "")
    return " ".join(
        filter(None, (words.seen(code, networks.title(network)), words.believe(how, networks.title(other))))
    )


def _done(evaluation: Evaluation) -> dict[str, Any]:
    result = evaluation.result
    sheet = cards.Sheet(result, evaluation.reference_subject)
    suspects = (result.get("privacy") or {}).get("suspects", [])[:SHOWN_SUSPECTS]
    groups = (result.get("duplicates") or {}).get("groups", [])
    wanted = [one["index"] for one in suspects] + [index for group in groups for index in group]
    pictures = _pictures(evaluation.image_set, wanted)
    grade = grades.of(evaluation)
    return {
        "sheet": sheet,
        "beside": sheet.beside,
        "measured_with": words.measured_with(result, evaluation.reference_subject),
        "cards": [sheet.fid_card] if evaluation.kind == Evaluation.Kind.FID else sheet.cards,
        "grade": verdict_words.grade(grade),
        "grade_chip": verdict_words.CHIPS.get(grade, ""),
        "advice": verdict_words.advice(grades.advised(result)),
        "suspects": [
            Picture(one["index"], *pictures[one["index"]], words.plain(one["ratio"]))
            for one in suspects
            if one["index"] in pictures
        ],
        "groups": [
            [Picture(index, *pictures[index]) for index in group if index in pictures] for group in groups
        ],
        "more_groups": max((result.get("duplicates") or {}).get("count", 0) - len(groups), 0),
        "lineage": evaluation.reference.lineage if evaluation.reference else [],
    }


def _pictures(image_set: ImageSet, indices: list[int]) -> dict[int, tuple[str, str]]:
    found = sets.images_of(image_set).filter(index__in=set(indices)).values_list("index", "pk")
    return {index: (links.thumb(pk), links.image(pk)) for index, pk in found}


def _shown(evaluations: list[Evaluation], kind: str) -> list[Evaluation]:
    """The newest of a kind; while that has no result, or ended without one, the newest result below it."""
    found = [one for one in evaluations if one.kind == kind]
    done = [one for one in found if one.is_done]
    return found[:1] if done[:1] == found[:1] else found[:1] + done[:1]


def _line(evaluation: Evaluation) -> dict[str, Any]:
    """A measurement as one line of the history."""
    result = evaluation.result
    is_fid = evaluation.kind == Evaluation.Kind.FID
    written = _tenths if is_fid else words.thousandths
    interval = (
        comparison_lines.interval_of(result, "fid")
        if is_fid
        else comparison_lines.whole(result.get("kid_ci"))
    )
    grade = grades.of(evaluation) if evaluation.is_done else ""
    return {
        "evaluation": evaluation,
        "network": networks.title(evaluation.extractor),
        "n_real": result.get("n_ref"),
        "is_drawn": _is_drawn(evaluation),
        "value": written(result.get("fid" if is_fid else "kid")) if evaluation.is_done else "",
        "interval": words.between(*map(written, interval)) if interval else "",
        "grade": verdict_words.grade(grade) if grade else "",
        "chip": verdict_words.CHIPS.get(grade, ""),
    }


def _tenths(value: float | None) -> str:
    """FID as people write it."""
    return words.plain(value, 1)


def _is_drawn(evaluation: Evaluation) -> bool:
    """Whether as many real ones as the set has images were drawn by the seed; fewer than that are all there were."""
    result = evaluation.result
    return evaluation.is_done and bool(evaluation.spec.get("matched")) and result["n_ref"] == result["n"]

"""What people's eyes say of a set: realism of made images beside real palms that were hidden among them.

It reads plain numbers and knows no person: raters are indices.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlcore.metrics.agreement import alpha, alpha_interval

Array = NDArray[np.float64]

RESAMPLES = 1000
ENOUGH_ITEMS = 20  # images of each kind, below which nobody is judged
LOOKS_REAL = 4  # of 5, and more: this rater took it for a palm
# The most that `told` may be. Nobody tells anything apart at 0.5, where estimates lie to both sides of it.
STEPS = (
    (0.55, "good", "eyes_cannot_tell"),
    (0.65, "fine", "eyes_hardly_tell"),
    (0.85, "worrying", "eyes_often_tell"),
    (1.0, "bad", "eyes_tell"),
)


@dataclass(frozen=True)
class Answer:
    """One rater's word on one item; `made` or a hidden real palm."""

    item: int
    made: bool
    rater: int
    realism: int
    tags: tuple[str, ...] = ()


def summarise(answers: Sequence[Answer], *, seed: int = 0) -> dict[str, Any]:
    """Everything the page shows, JSON-able; what there is too little of is None.

    Intervals draw images again, not ratings: more raters of the same few images do not make them more.
    """
    made, real = _by_item(answers, made=True), _by_item(answers, made=False)
    random = np.random.default_rng(seed)
    report: dict[str, Any] = {
        "ratings": len(answers),
        "raters": len({answer.rater for answer in answers}),
        "n": len(made),
        "n_real": len(real),
        "realism": _mean(made),
        "realism_ci": _interval(made, random),
        "real_realism": _mean(real),
        "real_realism_ci": _interval(real, random),
        "looks_real": _share(answers, made=True),
        "real_looks_real": _share(answers, made=False),
        "told": told_apart(made, real),
        "told_ci": _told_interval(made, real, random),
        "alpha": None,
        "alpha_ci": None,
        "tags": _tags(answers),
        "worst": [item for item, _value in sorted(made.items(), key=lambda one: (one[1], one[0]))][:12],
    }
    table = _table(answers)
    report["alpha"] = alpha(table)
    report["alpha_ci"] = alpha_interval(table, seed=seed) if report["alpha"] is not None else None
    report["verdict"] = verdict(report)
    return report


def told_apart(made: dict[int, float], real: dict[int, float]) -> float | None:
    """The chance that a real palm is rated above a made one, ties by half (Mann-Whitney): 0.5 is no difference."""
    if not made or not real:
        return None
    return _above(np.array(list(real.values())), np.array(list(made.values())))


def verdict(report: dict[str, Any]) -> dict[str, Any]:
    """Grade and code: read against the hidden real palms, never against a fixed mark.

    The estimate is judged: the end of an interval would give few ratings the better grade. Where the ends lie two
    grades apart or more, too few images were rated to tell. Neighbouring grades are let pass, for an estimate on the
    line between two would else never be judged.
    """
    if report["told_ci"] is None or min(report["n"], report["n_real"]) < ENOUGH_ITEMS // 2:
        return {"grade": "unknown", "code": "eyes_unknown"}
    if report["n"] < ENOUGH_ITEMS:
        return {"grade": "unknown", "code": "eyes_few"}
    lowest, highest = map(_step, report["told_ci"])
    if highest - lowest > 1:
        return {"grade": "unknown", "code": "eyes_not_certain"}
    _limit, grade, code = STEPS[_step(report["told"])]
    return {"grade": grade, "code": code}


def _step(told: float) -> int:
    return sum(told > limit for limit, _grade, _code in STEPS[:-1])


def _by_item(answers: Sequence[Answer], *, made: bool) -> dict[int, float]:
    """Mean realism of each item of a kind."""
    found: dict[int, list[int]] = {}
    for answer in answers:
        if answer.made == made:
            found.setdefault(answer.item, []).append(answer.realism)
    return {item: float(np.mean(values)) for item, values in found.items()}


def _mean(items: dict[int, float]) -> float | None:
    return float(np.mean(list(items.values()))) if items else None


def _interval(items: dict[int, float], random: np.random.Generator) -> list[float] | None:
    if len(items) < 2:
        return None
    values = np.array(list(items.values()))
    means = values[random.integers(0, len(values), (RESAMPLES, len(values)))].mean(axis=1)
    return [float(end) for end in np.quantile(means, [0.025, 0.975])]


def _told_interval(
    made: dict[int, float], real: dict[int, float], random: np.random.Generator
) -> list[float] | None:
    if min(len(made), len(real)) < 2:
        return None
    one, other = np.array(list(real.values())), np.array(list(made.values()))
    drawn = [
        _above(one[random.integers(0, len(one), len(one))], other[random.integers(0, len(other), len(other))])
        for _ in range(RESAMPLES)
    ]
    return [float(end) for end in np.quantile(drawn, [0.025, 0.975])]


def _above(real: Array, made: Array) -> float:
    apart = real[:, None] - made[None]
    return float(((apart > 0) + 0.5 * (apart == 0)).mean())


def _share(answers: Sequence[Answer], *, made: bool) -> float | None:
    values = [answer.realism >= LOOKS_REAL for answer in answers if answer.made == made]
    return float(np.mean(values)) if values else None


def _tags(answers: Sequence[Answer]) -> dict[str, dict[str, int]]:
    """How often each artefact was named, of made images and of real palms."""
    counts = {
        kind: Counter(tag for answer in answers if answer.made == made for tag in answer.tags)
        for kind, made in (("made", True), ("real", False))
    }
    names = sorted(set(counts["made"]) | set(counts["real"]), key=lambda tag: (-counts["made"][tag], tag))
    return {tag: {kind: counts[kind][tag] for kind in counts} for tag in names}


def _table(answers: Sequence[Answer]) -> Array:
    """Ratings (raters, items), NaN where nobody rated."""
    items = {item: place for place, item in enumerate(sorted({answer.item for answer in answers}))}
    raters = {rater: place for place, rater in enumerate(sorted({answer.rater for answer in answers}))}
    table = np.full((len(raters), len(items)), np.nan)
    for answer in answers:
        table[raters[answer.rater], items[answer.item]] = answer.realism
    return table

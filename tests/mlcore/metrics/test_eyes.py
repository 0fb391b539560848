"""What eyes say: means over images, telling apart, and silence where there is too little."""

import json

import pytest

from mlcore.metrics.eyes import Answer, summarise, told_apart, verdict


def answers(made, real, raters=2, tags=()):
    """Each item rated alike by each rater."""
    found = []
    for rater in range(raters):
        found += [Answer(i, True, rater, value, tags) for i, value in enumerate(made)]
        found += [Answer(1000 + i, False, rater, value) for i, value in enumerate(real)]
    return found


def test_means_counts_and_tags():
    report = summarise(answers([1, 2, 3], [5, 5], tags=("lines",)))
    assert (report["ratings"], report["raters"], report["n"], report["n_real"]) == (10, 2, 3, 2)
    assert (report["realism"], report["real_realism"]) == (2.0, 5.0)
    assert (report["looks_real"], report["real_looks_real"]) == (0.0, 1.0)
    assert report["told"] == 1.0 and report["alpha"] == 1.0
    assert report["tags"] == {"lines": {"made": 6, "real": 0}}
    assert report["worst"] == [0, 1, 2]
    assert report["verdict"]["code"] == "eyes_unknown"
    json.dumps(report, allow_nan=False)


@pytest.mark.parametrize(
    ("made", "real", "told"),
    [([3, 3], [3], 0.5), ([1], [2], 1.0), ([2], [1], 0.0), ([1, 3], [2], 0.5), ([], [1], None)],
)
def test_telling_apart_is_the_chance_to_be_rated_above(made, real, told):
    assert told_apart(dict(enumerate(map(float, made))), dict(enumerate(map(float, real)))) == told


def test_a_rater_more_does_not_narrow_the_interval():
    few, many = (summarise(answers([1, 2, 3, 4, 5] * 4, [3] * 10, raters=raters)) for raters in (1, 8))
    assert few["realism_ci"] == pytest.approx(many["realism_ci"], abs=0.15)


@pytest.mark.parametrize(("made", "code"), [(4, "eyes_cannot_tell"), (3, "eyes_tell"), (1, "eyes_tell")])
def test_the_verdict_is_read_against_hidden_real_palms(made, code):
    report = summarise(answers([made] * 30, [4] * 15))
    assert report["verdict"]["code"] == code


@pytest.mark.parametrize(
    ("told", "interval", "grade", "code"),
    [
        (0.70, [0.48, 0.89], "unknown", "eyes_not_certain"),
        (0.54, [0.40, 0.70], "unknown", "eyes_not_certain"),
        (0.52, [0.45, 0.60], "good", "eyes_cannot_tell"),
        (0.60, [0.52, 0.65], "fine", "eyes_hardly_tell"),
        (0.80, [0.72, 0.88], "worrying", "eyes_often_tell"),
        (1.0, [1.0, 1.0], "bad", "eyes_tell"),
    ],
)
def test_a_wide_interval_gives_no_better_grade(told, interval, grade, code):
    found = verdict({"n": 30, "n_real": 15, "told": told, "told_ci": interval})
    assert found == {"grade": grade, "code": code}


def test_without_real_palms_and_without_answers_there_is_no_verdict():
    assert summarise(answers([3] * 30, []))["verdict"]["grade"] == "unknown"
    nothing = summarise([])
    assert nothing["realism"] is None and nothing["alpha"] is None
    json.dumps(nothing, allow_nan=False)

"""Vendi, duplicates, memorisation, choosing, baseline, verdicts: in closed form."""

import numpy as np
import pytest

from mlcore.metrics.baseline import _half, real_against_real
from mlcore.metrics.choosing import choosing_curve
from mlcore.metrics.duplicates import duplicates, near_threshold
from mlcore.metrics.errors import FeaturesDiffer, NotFiniteFeatures, TooFewImages
from mlcore.metrics.fid import frechet_distance
from mlcore.metrics.jackknife import GROUPS, MINIMUM, frechet_interval, reach_of, tenths, vendi_interval
from mlcore.metrics.judge import judge_features
from mlcore.metrics.kid import kid, kid_with_interval
from mlcore.metrics.memorisation import memorisation, wilson
from mlcore.metrics.moments import Moments
from mlcore.metrics.prdc import prdc
from mlcore.metrics.subsets import measure_parts
from mlcore.metrics.vendi import of_similarities, similarities, vendi
from mlcore.metrics.verdicts import verdicts


def test_vendi_counts_orthogonal_images_and_no_copies():
    assert vendi(np.eye(7)) == pytest.approx(7)
    assert vendi(np.repeat(np.eye(7), 3, axis=0)) == pytest.approx(7)
    assert vendi(np.ones((50, 4))) == pytest.approx(1)
    assert vendi(np.zeros((5, 4))) == pytest.approx(1)


def test_vendi_of_two_groups_by_the_formula():
    rows = np.vstack([np.tile([1.0, 0, 0], (3, 1)), np.tile([0, 1.0, 0], (1, 1))])
    assert vendi(rows) == pytest.approx(np.exp(-(0.75 * np.log(0.75) + 0.25 * np.log(0.25))))


def test_duplicates_are_grouped_through_chains():
    rows = np.array([[0.0], [10.0], [0.4], [0.8], [10.0], [30.0]])
    found = duplicates(rows, 0.5)
    assert found.groups == ((0, 2, 3), (1, 4))
    assert found.exact_groups == ((1, 4),)
    assert found.share == pytest.approx(3 / 6)
    assert found.exact_share == pytest.approx(1 / 6)


def test_duplicates_across_blocks(monkeypatch):
    rows = np.arange(40, dtype=float)[:, None] * 5
    rows[33] = rows[2]
    monkeypatch.setattr("mlcore.metrics.features.blocks.__defaults__", (7,))
    assert duplicates(rows, 0.1).groups == ((2, 33),)


@pytest.mark.slow
def test_thousands_of_equal_images_are_one_group():
    rows = np.random.default_rng(0).normal(size=(4000, 4))
    rows[500:3500] = rows[0]
    found = duplicates(rows, 1e-6)  # four and a half million links
    assert (len(found.groups), len(found.groups[0]), found.groups[0][:2]) == (1, 3001, (0, 500))
    assert found.exact_groups == found.groups


def test_near_threshold_is_half_of_what_real_photos_keep():
    assert near_threshold(np.arange(100.0)[:, None] * 2) == pytest.approx(1.0)


def people(count, seed):
    return np.random.default_rng(seed).normal(size=(count, 8))


def test_copies_of_training_images_are_found_first():
    training, held = people(200, 0), people(80, 1)
    made = np.vstack([people(60, 2), training[[5, 17]] + 1e-3])
    found = memorisation(made, training, held)
    assert found.copies == 2
    assert [(one.index, one.training_index) for one in found.suspects[:2]] in (
        [(60, 5), (61, 17)],
        [(61, 17), (60, 5)],
    )
    assert len(found.suspects) == 20


def test_other_people_are_as_far_as_held_out_people():
    found = memorisation(people(400, 3), people(300, 4), people(400, 5))
    assert found.copies == 0
    assert found.ratio == pytest.approx(1, abs=0.05)
    assert found.authentic == pytest.approx(found.held_authentic, abs=0.1)


@pytest.mark.slow
def test_chance_alone_is_rarely_called_suspicious():
    random, alarms = np.random.default_rng(12), 0
    for _ in range(100):
        made, training, held = (random.normal(size=(count, 8)) for count in (300, 200, 150))
        alarms += memorisation(made, training, held).excess_low > 0
    assert alarms <= 8


def test_a_memorising_generator_is_closer_and_not_authentic():
    training = people(200, 6)
    made = training + 0.2 * people(200, 7)
    found = memorisation(made, training, people(100, 8))
    assert found.ratio < 0.7
    assert found.suspicious > 0.5
    assert found.authentic < 0.1 < found.held_authentic


def test_wilson_at_the_edges():
    assert wilson(0, 10)[0] == 0
    assert wilson(10, 10)[1] == pytest.approx(1)
    assert wilson(50, 100) == pytest.approx((0.4038, 0.5962), abs=1e-4)


def test_choosing_the_best_buys_realism_with_diversity():
    random = np.random.default_rng(9)
    real = random.normal(size=(200, 2))
    made = random.normal(0, 3, size=(400, 2))
    curve = choosing_curve(made, -np.linalg.norm(made, axis=1), real)
    last = curve[-1]
    assert curve[0].precision == curve[0].random_precision
    assert last.share == 0.1
    assert last.precision > last.random_precision + 0.2
    assert last.recall < last.random_recall


@pytest.mark.parametrize("rows", [7, 512])
def test_parts_are_measured_as_if_each_were_a_set(monkeypatch, rows):
    monkeypatch.setattr("mlcore.metrics.subsets.ROWS", rows)
    random = np.random.default_rng(4)
    made, real = random.normal(0.5, 1, size=(90, 6)) + 2, random.normal(size=(70, 6)) + 2
    parts = [random.permutation(90)[:count] for count in (90, 40, 11)]
    for part, found in zip(parts, measure_parts(made, real, parts, nearest=5), strict=True):
        shares = prdc(made[part], real)
        assert (found.precision, found.recall, found.coverage) == pytest.approx(
            (shares.precision, shares.recall, shares.coverage)
        )
        assert found.kid == pytest.approx(kid(made[part], real), rel=1e-4)
        assert (found.recall_ci is None) == (found.coverage_ci is None) == (len(part) < MINIMUM)


@pytest.mark.parametrize("name", ["recall", "coverage"])
def test_shares_of_the_real_ones_know_the_spread_of_both_sides(name):
    random = np.random.default_rng(4)
    made, real = random.normal(0.5, 1, size=(120, 4)), random.normal(size=(300, 4))
    part = random.permutation(120)[:80]
    found = measure_parts(made, real, [part, np.arange(120)], nearest=5)[0]
    left = tenths(80)
    rows = made[np.sort(part)]
    without = np.array([getattr(prdc(rows[left != number], real), name) for number in range(GROUPS)])
    value = getattr(found, name)
    low, high = wilson(round(value * 300), 300)
    below, above = np.hypot(reach_of(without), value - low), np.hypot(reach_of(without), high - value)
    assert reach_of(without) > 0.02
    assert getattr(found, f"{name}_ci") == pytest.approx((max(value - below, 0), min(value + above, 1)))


@pytest.mark.slow
@pytest.mark.parametrize("persons", [None, 30])
def test_the_interval_of_a_parts_kid_is_as_wide_as_drawing_anew(persons):
    random = np.random.default_rng(6)
    made, real = random.normal(0.4, 1, size=(300, 12)), random.normal(size=(240, 12))
    groups = None
    if persons:  # eight pictures of each person, alike
        groups = np.repeat(np.arange(persons), 240 // persons)
        real = real[groups * 8] + 0.1 * real
    (found,) = measure_parts(made, real, [np.arange(300)], nearest=5, groups=groups)
    drawn = kid_with_interval(made, real, resamples=600, groups=groups)
    assert found.kid_ci[0] < found.kid < found.kid_ci[1]
    width = found.kid_ci[1] - found.kid_ci[0]
    assert width == pytest.approx(drawn.high - drawn.low, rel=0.25)


def test_choosing_refuses_scores_that_do_not_fit():
    made = people(20, 0)
    with pytest.raises(FeaturesDiffer, match="19 scores for 20"):
        choosing_curve(made, np.ones(19), made)
    with pytest.raises(NotFiniteFeatures, match="1 of 20 scores"):
        choosing_curve(made, [np.nan, *[0.5] * 19], made)
    with pytest.raises(TooFewImages, match="at least 10"):
        choosing_curve(made[:9], np.ones(9), made)


def test_halves_never_share_a_person():
    groups = np.repeat(np.arange(30), np.random.default_rng(0).integers(1, 9, 30))
    mask = _half(groups, np.random.default_rng(1))
    assert not set(groups[mask]) & set(groups[~mask])
    assert abs(int(mask.sum()) - int((~mask).sum())) <= 8


def test_real_against_real_says_its_way_and_n():
    rows, groups = people(120, 10), np.arange(120)
    halves = real_against_real(rows, groups, people(1000, 12))
    assert (halves.way, halves.n, halves.n_ref) == ("halves", 60, 60)
    other = real_against_real(rows, groups, people(50, 13), others=people(90, 11))
    assert (other.way, other.n, other.n_ref, other.set_values) == ("other_people", 50, 120, None)
    assert set(other.values) == set(other.lowest) == set(other.highest) >= {"vendi", "duplicates"}
    assert other.lowest["kid"] <= other.values["kid"] <= other.highest["kid"]
    assert abs(other.values["kid"]) < 0.2
    with pytest.raises(TooFewImages, match="larger reference"):
        real_against_real(rows[:8], groups[:8], people(50, 13))


@pytest.mark.parametrize("others", [None, people(150, 11)])
def test_real_palms_as_a_set_are_no_better_than_real_palms_at_the_same_n(others):
    # The Frechet distance falls with N: a large set of real palms would look closer than a few real palms do.
    rows, groups, made = people(300, 10), np.arange(300), people(1000, 12)
    found = real_against_real(rows, groups, made, others=others)
    whole = frechet_distance(Moments.of(made), Moments.of(rows))
    assert found.n == 150 and whole < 0.7 * found.values["fd"]
    assert found.set_values["fd"] == pytest.approx(found.values["fd"], rel=0.5)
    assert set(found.set_values) == {"fd", "precision", "recall", "density", "coverage", "vendi"}


def test_extrapolation_of_real_palms_where_there_are_enough():
    rows, groups = people(700, 10), np.arange(700)
    assert "fd_infinite" in real_against_real(rows, groups, people(350, 12)).values
    assert "fd_infinite" not in real_against_real(rows, groups, people(290, 12), others=rows).values


@pytest.mark.parametrize(("count", "dim"), [(60, 80), (300, 8)])
def test_what_is_left_out_is_what_is_measured_without_it(count, dim):
    rows = np.random.default_rng(0).normal(size=(count, dim)) + 1
    unit, small = similarities(rows)
    without = small[7:, 7:] if count < dim else small - unit[:7].T @ unit[:7]
    assert of_similarities(without, count - 7) == pytest.approx(vendi(rows[7:]))


@pytest.mark.slow
@pytest.mark.parametrize("count", [60, 300])
def test_intervals_by_leaving_out_cover_what_sets_of_that_size_get(count):
    random = np.random.default_rng(14)
    mix = random.normal(size=(64, 64)) / np.sqrt(np.arange(1, 65))
    target = Moments.of(random.normal(size=(200, 64)) @ mix)
    values, ranges = [], []
    for seed in range(60):
        rows = 0.9 * random.normal(size=(count, 64)) @ mix + 0.1
        pair = frechet_distance(Moments.of(rows), target), vendi(rows)
        values.append(pair)
        ranges.append(
            (frechet_interval(rows, target, pair[0], seed=seed), vendi_interval(rows, pair[1], seed=seed))
        )
    for measure in (0, 1):
        expected = np.mean([pair[measure] for pair in values])
        covered = sum(low <= expected <= high for low, high in (one[measure] for one in ranges))
        assert covered >= 52


def test_too_few_to_leave_a_tenth_out_have_no_interval():
    rows = people(49, 0)
    assert frechet_interval(rows, Moments.of(people(80, 1)), 1.0) is None
    assert vendi_interval(rows, 4.0) is None


def test_privacys_numbers_have_intervals():
    training = people(200, 0)
    made = np.vstack([people(60, 2), training[:3] + 1e-3])
    found = memorisation(made, training, people(150, 1))
    for name in ("ratio", "copies", "authentic", "suspicious"):
        low, high = getattr(found, f"{name}_ci")
        assert low <= getattr(found, name) <= high and low < high
    assert found.copies_ci[0] > 0.5


def report(**changed):
    real = {"kid": 0.002, "precision": 0.9, "recall": 0.8}
    base = {
        "n": 1000,
        "n_ref": 1000,
        "kid": 0.002,
        "kid_ci": [0.001, 0.003],
        "precision": 0.88,
        "recall": 0.75,
        "real": {"values": real},
        "duplicates": {"share": 0.0},
    }
    return base | changed


def graded(report):
    return {one.measure: (one.grade, one.code) for one in verdicts(report)}


def test_verdicts_follow_real_against_real():
    assert graded(report())["kid"] == ("good", "like_real")
    assert graded(report(kid=0.03, kid_ci=[0.025, 0.04]))["kid"] == ("worrying", "apart_from_real")
    assert graded(report(kid=0.6, kid_ci=[0.5, 0.7]))["kid"] == ("bad", "far_from_real")
    assert graded(report(recall=0.0))["recall"] == ("bad", "hardly_any")
    assert graded(report(duplicates={"share": 0.1}))["duplicates"] == ("bad", "many")


@pytest.mark.parametrize(
    ("kid", "interval", "grade", "code"),
    [
        (0.003, [0.001, 0.019], "good", "like_real"),
        (0.003, [-0.01, 0.05], "unknown", "not_certain"),
        (0.03, [0.003, 0.06], "unknown", "not_certain"),
        (0.015, [0.005, 0.04], "fine", "near_real"),
        (0.05, [0.015, 0.2], "worrying", "apart_from_real"),
    ],
)
def test_a_wide_interval_makes_nothing_good(kid, interval, grade, code):
    assert graded(report(kid=kid, kid_ci=interval))["kid"] == (grade, code)


def test_shares_are_judged_at_the_number_of_real_palms():
    real = report()["real"] | {"set_values": {"precision": 0.5, "recall": 0.1}}
    found = graded(report(real=real))
    assert (found["precision"], found["recall"]) == (("fine", "below_real"), ("bad", "hardly_any"))


def test_few_images_are_too_few_to_judge():
    privacy = {"copies": 0, "n": 99, "suspicious": 0.01, "excess_low": -0.05, "expected": 0.05}
    few = {"n": ("unknown", "too_few_to_judge")}
    for share in (0.0, 0.01):
        assert graded(report(n=99, duplicates={"share": share}, privacy=privacy)) == few


def test_beside_few_real_ones_nothing_is_near_or_far():
    privacy = {"copies": 0, "n": 1000, "suspicious": 0.01, "excess_low": -0.05, "expected": 0.05}
    assert graded(report(n_ref=99, privacy=privacy)) == {
        "n_ref": ("unknown", "too_few_real_to_judge"),
        "duplicates": ("good", "none"),
        "privacy": ("good", "as_far_as_real"),
    }
    assert "kid" in graded(report(n_ref=100))


def test_beside_real_ones_that_differ_nothing_is_judged():
    real = {**report()["real"], "way": "halves"}
    few_people = real | {"values": real["values"] | {"kid": 0.017}}
    found = graded(report(kid=0.03, kid_ci=[0.023, 0.042], real=few_people))
    assert found["n_ref"] == ("unknown", "real_ones_differ")
    assert not {"kid", "recall", "precision"} & set(found)
    # Two banks of different people are no halves: how far they are apart is the camera's own.
    for other in (real | {"values": real["values"] | {"kid": 0.003}}, few_people | {"way": "other_people"}):
        assert "kid" in graded(report(real=other)) and "n_ref" not in graded(report(real=other))


@pytest.mark.parametrize(("high", "code"), [(0.75, "perhaps_below_real"), (0.65, "below_real")])
def test_a_share_whose_interval_reaches_real_ones_is_perhaps_below_them(high, code):
    wide = report(recall=0.6, intervals={"recall": [0.45, high]})
    wide["real"] = {"values": {**wide["real"]["values"], "recall": 0.8}}
    assert graded(wide)["recall"] == ("fine", code)


def test_density_of_nothing_is_not_certain():
    far = judge_features(np.random.default_rng(0).normal(50, 1, size=(40, 4)), people(60, 1)[:, :4])
    assert far["density"] == 0 and far["density_ci"][0] == 0 and 0.05 < far["density_ci"][1] < 0.15


def test_what_is_wrong_with_few_images_is_said():
    privacy = {"copies": 1, "n": 10, "suspicious": 0.1, "excess_low": -0.05, "expected": 0.05}
    found = graded(report(n=10, duplicates={"share": 0.2}, privacy=privacy))
    assert (found["duplicates"], found["privacy"]) == (("bad", "many"), ("bad", "copies"))


@pytest.mark.parametrize(
    ("n", "n_ref", "code", "value"),
    [
        (5000, 314, "too_few_real_for_fid", 314),
        (999, 5000, "too_few_for_fid", 999),
        (12, 5, "too_few_for_fid", 12),
    ],
)
def test_fid_says_which_side_is_too_small(n, n_ref, code, value):
    found = next(one for one in verdicts(report(n=n, n_ref=n_ref, fid=31.0)) if one.measure == "fid")
    assert (found.grade, found.code, found.value) == ("unknown", code, value)
    assert graded(report(fid=31.0))["fid"] == ("fine", "under_custom_100")


def test_copies_are_bad_whatever_their_share():
    privacy = {"copies": 1, "n": 1000, "suspicious": 0.01, "excess_low": -0.05, "expected": 0.05}
    assert graded(report(privacy=privacy))["privacy"] == ("bad", "copies")
    assert graded(report(privacy=privacy | {"copies": 0}))["privacy"] == ("good", "as_far_as_real")
    more = privacy | {"copies": 0, "suspicious": 0.08, "excess_low": 0.01}
    assert graded(report(privacy=more))["privacy"] == ("worrying", "more_suspicious_than_real")

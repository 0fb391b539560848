from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit

from mlcore import checkpoint, images, scoring
from mlcore.errors import BadHeader, ScoringError, WrongKind

from . import eight_pixels
from .eight_pixels import DCGAN, DISCRIMINATOR

PICTURES = np.random.RandomState(0).randint(0, 256, (21, 8, 8, 3)).astype(np.uint8)


@pytest.fixture
def scorer(tmp_path: Path) -> scoring.Scorer:
    return scoring.load(eight_pixels.save(tmp_path, "judge", DISCRIMINATOR))


def test_an_image_scores_the_same_alone_in_company_and_from_its_file(scorer: scoring.Scorer) -> None:
    together = scorer.probabilities(PICTURES)
    alone = [float(scorer.probabilities(PICTURES[i : i + 1])[0]) for i in range(21)]
    again = [images.decode(images.encode_png(picture)) for picture in PICTURES]
    assert together.tolist() == alone == scorer.probabilities(again).tolist()
    assert together.min() >= 0 and together.max() <= 1 and together.std() > 0


def test_any_size_is_scored_and_none_is_no_error(scorer: scoring.Scorer) -> None:
    big = np.random.RandomState(1).randint(0, 256, (300, 200, 3)).astype(np.uint8)
    assert scorer.probabilities([big, PICTURES[0]]).shape == (2,)
    assert scorer.probabilities([]).shape == (0,)


def test_a_judge_of_one_hand_is_fair_to_the_other(tmp_path: Path) -> None:
    one = scoring.load(eight_pixels.save(tmp_path, "a", DISCRIMINATOR))
    both = scoring.load(
        eight_pixels.save(tmp_path, "b", DISCRIMINATOR, conditions={"hand": {"drawn": "left"}})
    )
    mirrored = PICTURES[:, :, ::-1]
    assert (both.verdicts(PICTURES) == both.verdicts(mirrored)).all()
    assert (both.verdicts(PICTURES) == np.maximum(one.verdicts(PICTURES), one.verdicts(mirrored))).all()


def test_a_generator_cannot_score(tmp_path: Path) -> None:
    with pytest.raises(WrongKind, match="generator cannot score"):
        scoring.load(eight_pixels.save(tmp_path, "g", DCGAN))


def test_calibration_finds_the_line_that_made_the_labels() -> None:
    source = np.random.RandomState(0)
    verdicts = source.normal(0, 3, 40_000)
    real = source.random_sample(40_000) < expit(0.7 * verdicts + 0.4)
    found = scoring.calibrate(verdicts[real], verdicts[~real])
    # Both sides weigh the same, which shifts the log-odds by those of the shares.
    shift = np.log(real.mean() / (1 - real.mean()))
    assert found.slope == pytest.approx(0.7, rel=0.05)
    assert found.offset == pytest.approx(0.4 - shift, abs=0.06)
    assert (
        found.error < 0.02 and found.fitted and (found.real, found.generated) == (real.sum(), (~real).sum())
    )


def test_after_calibration_eight_tenths_means_eight_tenths() -> None:
    source = np.random.RandomState(1)
    real, generated = source.normal(5, 2, 4000), source.normal(3, 2, 4000)
    found = scoring.calibrate(real[:2000], generated[:2000])
    said = found.probabilities(np.concatenate([real[2000:], generated[2000:]]))
    near = np.abs(said - 0.8) < 0.05
    share = near[:2000].sum() / near.sum()
    assert share == pytest.approx(0.8, abs=0.06)
    raw_error, _ = scoring.reliability(expit(np.concatenate([real, generated])), np.repeat([1.0, 0.0], 4000))
    assert raw_error > 0.2 > found.error


def test_nobody_is_in_both_halves_that_the_error_is_told_from(monkeypatch: pytest.MonkeyPatch) -> None:
    fitted = []
    monkeypatch.setattr(scoring, "_platt", lambda real, made: (fitted.append(real), (1.0, 0.0))[1])
    people = ["anna", "anna", "ben", "ben", "ben", "cleo"] * 10
    real = np.array([{"anna": 1.0, "ben": 2.0, "cleo": 3.0}[one] for one in people])
    scoring.calibrate(real, np.linspace(-2, 1, 50), people)
    first, second, whole = fitted
    assert set(first) == {1.0, 3.0} and set(second) == {2.0}
    assert len(whole) == 60


def test_perfectly_separated_verdicts_stay_finite() -> None:
    found = scoring.calibrate(np.linspace(10, 11, 50), np.linspace(-11, -10, 50))
    assert np.isfinite([found.slope, found.offset]).all() and found.probabilities(np.array([10.5]))[0] < 1


def test_reliability_in_closed_form() -> None:
    error, bins = scoring.reliability(np.array([0.25, 0.25, 0.75, 0.75]), np.array([0.0, 1.0, 1.0, 1.0]))
    assert bins == ((0.25, 0.5, 2), (0.75, 1.0, 2)) and error == pytest.approx(0.25)
    assert scoring.reliability(np.array([0.0, 1.0]), np.array([0.0, 1.0]))[0] == 0


def test_calibration_refuses_what_would_mislead() -> None:
    with pytest.raises(ScoringError, match="needs 20 real"):
        scoring.calibrate(np.zeros(19), np.zeros(50))
    with pytest.raises(ScoringError, match="more real than real"):
        scoring.calibrate(np.linspace(-2, -1, 50), np.linspace(1, 2, 50))


def test_calibration_travels_in_the_header(tmp_path: Path) -> None:
    found = scoring.calibrate(np.linspace(0, 3, 50), np.linspace(-2, 1, 50))
    path = eight_pixels.save(tmp_path, "judge", DISCRIMINATOR, calibration=found.to_header())
    assert scoring.load(path).calibration == found
    assert scoring.Calibration.from_header({}) == scoring.Calibration()
    for unsound in ({"slope": "x"}, {"speed": 1}, {"bins": [1]}):
        with pytest.raises(BadHeader):
            scoring.Calibration.from_header(unsound)


def test_the_diagram_is_svg_with_a_circle_a_bin() -> None:
    found = scoring.calibrate(np.linspace(0, 3, 200), np.linspace(-2, 1, 200))
    drawn = scoring.reliability_svg(found)
    assert drawn.startswith("<svg") and drawn.count("<circle") == len(found.bins)
    with pytest.raises(ScoringError):
        scoring.reliability_svg(scoring.Calibration())


def test_the_plain_network_agrees_with_the_fast_one(scorer: scoring.Scorer) -> None:
    batch = images.from_uint8(PICTURES[:16])
    plain = scorer.plain()(batch).detach().double().mean(dim=1).numpy()
    assert np.allclose(plain, scorer.verdicts(PICTURES[:16]), atol=1e-4)
    assert isinstance(scorer.header, checkpoint.Header)

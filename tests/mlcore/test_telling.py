"""Measures against closed forms and a plain double loop."""

import numpy as np
import pytest

from mlcore import telling

SOURCE = np.random.RandomState(7)
REAL = SOURCE.rand(200) < 0.4
SAID = np.round(np.clip(REAL * 0.3 + SOURCE.rand(200) * 0.7, 0, 1), 2)


def test_area_is_the_share_of_pairs_in_order():
    pairs = [(a > b) + (a == b) / 2 for a in SAID[REAL] for b in SAID[~REAL]]
    assert telling.roc_auc(REAL, SAID) == pytest.approx(np.mean(pairs))
    assert telling.roc_auc(REAL, REAL.astype(float)) == 1
    assert telling.roc_auc(REAL, 1 - REAL.astype(float)) == 0
    assert telling.roc_auc(REAL, np.full(200, 0.5)) == 0.5


def test_the_curve_rises_and_has_the_same_area():
    points = np.array(telling.roc(REAL, SAID))
    assert points[0].tolist() == [0, 0]
    assert points[-1].tolist() == [1, 1]
    assert (np.diff(points, axis=0) >= 0).all()
    area = np.trapezoid(points[:, 1], points[:, 0])
    assert area == pytest.approx(telling.roc_auc(REAL, SAID), abs=1e-3)


def test_a_long_curve_is_thinned_and_keeps_its_ends():
    source = np.random.RandomState(1)
    is_real, said = source.rand(5000) < 0.5, source.rand(5000)
    points = telling.roc(is_real, said)
    assert len(points) <= telling.CURVE_POINTS + 1
    assert points[-1] == [1.0, 1.0]


def test_report_counts():
    is_real = np.array([True, True, True, False])
    found = telling.report(is_real, np.array([0.9, 0.8, 0.1, 0.2]))
    assert found["accuracy"] == 0.75
    assert found["confusion"] == [[2, 1], [0, 1]]
    assert (found["tested"], found["roc_auc"]) == (4, round(2 / 3, 4))
    assert sum(row["n"] for row in found["calibration"]) == 4
    # |0.9 - 1|, |0.8 - 1|, |0.1 - 1| and |0.2 - 0|, a quarter each
    assert found["calibration_error"] == pytest.approx((0.1 + 0.2 + 0.9 + 0.2) / 4)

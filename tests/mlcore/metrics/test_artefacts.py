"""Each measure of artefacts answers to its own fault and to no other; kinds are the neighbours', tones the skin's."""

import cv2
import numpy as np
import pytest

from mlcore.metrics.artefacts import artefacts
from mlcore.metrics.kinds import kinds
from mlcore.metrics.tones import fifths, lightness


@pytest.fixture
def palms():
    """Smooth grey-pink pictures with a little grain."""
    stream = np.random.default_rng(0)
    broad = stream.normal(0, 40, (24, 8, 8, 3))
    large = np.stack([cv2.resize(each, (64, 64), interpolation=cv2.INTER_CUBIC) for each in broad])
    return np.clip(150 + large + stream.normal(0, 4, large.shape), 0, 255).astype(np.uint8)


def test_pictures_like_the_real_ones_have_no_artefacts(palms):
    found = artefacts(palms[:12], palms[12:])
    assert found.lattice == pytest.approx(1, abs=0.6)
    assert found.frame == pytest.approx(1, abs=0.3)
    assert found.sharpness == pytest.approx(1, abs=0.3)


@pytest.mark.parametrize("period", [2, 4, 8])
def test_a_lattice_is_found(palms, period):
    stripes = np.where(np.arange(64) // (period // 2) % 2, 3, -3)[None, None, :, None]
    spoilt = np.clip(palms.astype(int) + stripes, 0, 255).astype(np.uint8)
    found = artefacts(spoilt, palms)
    assert found.lattice > 5
    assert np.abs(found.cast).max() < 1


def test_a_frame_is_found(palms):
    spoilt = palms.copy()
    spoilt[:, 0] = spoilt[:, -1] = spoilt[:, :, 0] = spoilt[:, :, -1] = 255
    assert artefacts(spoilt, palms).frame > 3


def test_a_cast_is_told_by_colour(palms):
    spoilt = palms.copy()
    spoilt[..., 2] //= 2
    red, green, blue = artefacts(spoilt, palms).cast
    assert (red, green) == (0, 0)
    assert blue == pytest.approx(-palms[..., 2].mean() / 2, abs=1)


def test_blur_is_found(palms):
    spoilt = np.stack([cv2.GaussianBlur(palm, (0, 0), 1) for palm in palms])
    assert artefacts(spoilt, palms).sharpness < 0.5


def test_kinds_are_those_of_the_nearest_real_ones():
    stream = np.random.default_rng(0)
    light, dark = stream.normal(0, 1, (20, 4)), stream.normal(30, 1, (20, 4))
    made = np.concatenate([stream.normal(0, 1, (30, 4)), stream.normal(30, 1, (10, 4))])
    shares = kinds(made, np.concatenate([light, dark]), ["light"] * 20 + ["dark"] * 20)
    assert shares == {"dark": 0.25, "light": 0.75}


def test_tones_are_those_of_the_palms_middle():
    levels = np.arange(20, 220, 10, dtype=np.uint8)
    real = np.full((20, 40, 40, 3), 255, np.uint8)
    real[:, 18:34, 12:28] = levels[:, None, None, None]
    assert fifths(real, real) == [0.2] * 5
    assert lightness(real)[0] < 10 and 80 < lightness(real)[-1] < 100
    assert fifths(real[:5], real) == [0.8, 0.2, 0, 0, 0]
    assert fifths(255 - real // 8, real) == [0, 0, 0, 0, 1]

"""Drawn palms: the same seed draws the same, within the square."""

import re

import pytest

from palmsite import palm_lines


def test_the_seed_decides():
    first = palm_lines.drawing(1)
    palm_lines.drawing.cache_clear()
    assert palm_lines.drawing(1) == first
    assert palm_lines.drawing(1) != palm_lines.drawing(2)


@pytest.mark.parametrize("seed", range(1, 13))
def test_lines_stay_in_the_square(seed):
    for path in re.findall(r' d="([^"]+)"', palm_lines.drawing(seed)):
        numbers = [int(number) for number in re.findall(r"-?\d+", path)]
        assert min(numbers) >= 0
        assert max(numbers) <= palm_lines.SIZE


def test_a_page_of_twelve_stays_small():
    assert sum(len(palm_lines.drawing(seed, 16)) for seed in range(1, 13)) < 110_000

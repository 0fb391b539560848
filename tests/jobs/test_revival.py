"""What dies after a life comes back at once; what cannot live is tried ever more rarely."""

import pytest

from generation.jobs import revival


@pytest.fixture
def clock(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(revival.time, "monotonic", lambda: now[0])
    return now


def seconds_until_due(one, clock):
    waited = 0.0
    while not one.is_due():
        clock[0] += 0.5
        waited += 0.5
    return waited


def test_who_lived_comes_back_at_once(clock):
    one = revival.Revival()
    one.begin()
    clock[0] += revival.YOUNG_SECONDS
    assert seconds_until_due(one, clock) == 0


def test_who_dies_young_comes_back_ever_later(clock):
    one = revival.Revival()
    pauses = []
    for _death in range(9):
        one.begin()
        clock[0] += 2
        pauses.append(seconds_until_due(one, clock))
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_one_life_forgives_all(clock):
    one = revival.Revival()
    for lived, pause in [(2, 1), (2, 2), (11, 0), (2, 1)]:
        one.begin()
        clock[0] += lived
        assert seconds_until_due(one, clock) == pause

"""Rounds: called when they are due and not before, each by its own time; every registered name leads somewhere."""

import pytest
from django.utils.module_loading import import_string

from generation.jobs import rounds

called = []


def first():
    called.append("first")


def second():
    called.append("second")


@pytest.fixture
def clock(monkeypatch):
    monkeypatch.setattr(rounds, "_rounds", {})
    called.clear()
    here = f"{__name__}."
    rounds.register(rounds.Round("a", 5, f"{here}first"))
    rounds.register(rounds.Round("b", 60, f"{here}second"))
    return {"now": 1000.0}


def test_each_in_its_time(clock):
    mine = rounds.Rounds(lambda: clock["now"])
    for _ in range(12):
        mine.step()
        clock["now"] += 2.5
    assert called == ["first"] * 5, "not at once, and then every five seconds"
    clock["now"] = 1060
    mine.step()
    assert called[-2:] == ["first", "second"]


def test_a_round_that_stumbles_waits_for_its_next_time(clock, monkeypatch):
    def stumble():
        raise OSError("on purpose")

    monkeypatch.setattr(f"{__name__}.first", stumble)
    mine = rounds.Rounds(lambda: clock["now"])
    clock["now"] += 5
    with pytest.raises(OSError, match="on purpose"):
        mine.step()
    mine.step()


def test_the_same_name_twice_is_a_mistake(clock):
    rounds.register(rounds.Round("a", 5, f"{__name__}.first"))
    with pytest.raises(ValueError, match="twice"):
        rounds.register(rounds.Round("a", 6, f"{__name__}.first"))


def test_every_registered_round_leads_somewhere():
    names = {one.name for one in rounds.every()}
    assert {"sweep", "webhooks"} <= names
    assert all(callable(import_string(one.run)) for one in rounds.every())

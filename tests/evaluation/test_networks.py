"""Which network a set is measured in: what is installed, what its model has seen, whom to believe."""

from pathlib import Path

import pytest

from generation.evaluation import extractors, sheets
from generation.sets.models import Checkpoint

ROOT = Path(__file__).resolve().parents[2]
LITE0, LITE2 = "efficientnet-lite0", "efficientnet-lite2"


def model(*, trained=(), chosen=()):
    return Checkpoint(name="m", header={"notes": {"seen": {"trained": trained, "chosen": chosen}}})


def test_a_usual_installation_brings_every_network_that_comes_with_a_package():
    wanted = (ROOT / "requirements.txt").read_text()
    assert "requirements.txt" in (ROOT / "docker" / "worker.Dockerfile").read_text()
    for network in extractors.NETWORKS:
        assert network.package in wanted, network.name


@pytest.fixture
def installed(monkeypatch):
    """Which networks are on this machine."""

    def only(*names):
        monkeypatch.setattr(extractors, "is_here", lambda name: name in names)

    only(LITE0, LITE2)
    return only


def test_a_set_is_measured_in_the_network_that_flatters_its_model_least(installed):
    both = (LITE0, LITE2)
    assert extractors.least_seen([None], both) == LITE0
    assert extractors.least_seen([model()], both) == LITE0
    assert extractors.least_seen([model(trained=[LITE0])], both) == LITE2
    assert extractors.least_seen([model(trained=[LITE0], chosen=[LITE2])], both) == LITE2
    assert extractors.least_seen([model(), model(trained=[LITE2])], both) == LITE0
    assert extractors.least_seen([model(trained=[LITE0])], (LITE0,)) == LITE0
    installed(LITE0)
    assert extractors.least_seen([model(trained=[LITE0])], both) == LITE0


def test_only_networks_of_this_site_are_named(installed):
    flattered = model(trained=[LITE0])
    assert "Believe EfficientNet-Lite2, which it has never seen." in sheets.seen_words(
        "trained", LITE0, flattered
    )
    chosen = sheets.seen_words("trained", LITE0, model(trained=[LITE0], chosen=[LITE2]))
    assert "in which only its best step was chosen" in chosen
    for words in (
        sheets.seen_words("chosen", LITE2, model(trained=[LITE0], chosen=[LITE2])),
        sheets.seen_words("unseen", LITE2, flattered),
        sheets.seen_words("trained", LITE0),
    ):
        assert "Believe" not in words
    installed(LITE0)
    assert "Believe" not in sheets.seen_words("trained", LITE0, flattered)

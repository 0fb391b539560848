"""Against what copies are looked for, and what is said where nobody can."""

import pytest

from generation.evaluation import cards, references
from generation.evaluation.models import Bank
from generation.sets.models import Checkpoint

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def learned_from(image_set, bank):
    """The set's model says that it learned from this bank."""
    model = image_set.checkpoint
    Checkpoint.objects.filter(pk=model.pk).update(header={**model.header, "bank": bank})
    image_set.refresh_from_db()


def shipped(role, extractor):
    return Bank.objects.get(reference__role=role, extractor=extractor, source="zoo")


@pytest.mark.parametrize("extractor", ["efficientnet-lite0", "efficientnet-lite2"])
def test_privacy_is_measured_against_what_the_model_learned_from(palms, measured, extractor):
    image_set = palms(12)
    references.sync()
    # Headers name the bank of the first network; that of any other network is found by its pictures.
    learned_from(image_set, shipped("training", "efficientnet-lite0").sha256)
    result = measured(image_set, extractor=extractor).result
    assert result["privacy"]["n_training"] == 1442 and result["privacy"]["n_held"] == 314
    assert result["training"]["sha256"] == shipped("training", extractor).sha256
    assert result["held"]["sha256"] == shipped("reference", extractor).sha256
    assert {suspect["index"] for suspect in result["privacy"]["suspects"]} <= set(range(12))
    assert image_set.quality["copies"] == result["privacy"]["copies"]


@pytest.mark.parametrize("bank", ["", "f" * 64])
def test_what_nobody_knows_the_training_of_is_not_certified(palms, measured, bank):
    image_set = palms(12)
    learned_from(image_set, bank)
    result = measured(image_set).result
    assert "privacy" not in result and result["unmeasured"]["privacy"] == {"code": "no_training"}
    card = next(card for card in cards.Sheet(result).cards if card.key == "privacy")
    assert card.grade == "unknown" and card.sentences[0].startswith("Nothing is known of the palms")


@pytest.mark.parametrize(
    ("why", "said"),
    [
        ({"code": "no_held_out"}, "no people of the same photographs were held out"),
        ({"code": "held_out_in_training", "shared": 20, "n_held": 314}, "20 of the 314 held-out palms"),
        ({}, "Nothing is known of the palms"),
    ],
)
def test_the_card_says_why_privacy_is_not_measured(why, said):
    card = next(one for one in cards.Sheet({"unmeasured": {"privacy": why}}).cards if one.key == "privacy")
    assert (card.number, card.grade) == ("–", "unknown")
    assert said in card.sentences[0]

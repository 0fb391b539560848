"""Against what copies are looked for, and what is said where nobody can."""

import pytest
from django.urls import reverse

from generation.evaluation import cards, comparison_lines, grades, references, verdict_words
from generation.evaluation.models import Bank
from generation.sets.models import Checkpoint

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.torch]


def learned_from(image_set, bank):
    """The set's model says that it learned from this bank."""
    model = image_set.checkpoint
    Checkpoint.objects.filter(pk=model.pk).update(header={**model.header, "bank": bank})
    image_set.refresh_from_db()


def shipped(role, extractor):
    there = Bank.objects.filter(reference__role=role, extractor=extractor, source="zoo")
    return there.get(reference__subject="palm")


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
    image_set.refresh_from_db()
    # The headline is of the network that sets with such a model are measured in.
    told = {"copies": result["privacy"]["copies"]} if extractor == "efficientnet-lite0" else {}
    assert image_set.quality.items() >= told.items() and bool(image_set.quality) == bool(told)


@pytest.mark.parametrize("bank", ["", "f" * 64])
def test_what_nobody_knows_the_training_of_is_not_certified(client, alice, palms, measured, bank):
    image_set = palms(12)
    learned_from(image_set, bank)
    evaluation = measured(image_set)
    result = evaluation.result
    assert "privacy" not in result and result["unmeasured"]["privacy"] == {"code": "no_training"}
    card = next(card for card in cards.Sheet(result, "palm").cards if card.key == "privacy")
    assert card.grade == "unknown" and card.sentences[0].startswith("Nothing is known of the pictures")
    # As it would be of a set that is large enough, of which all the rest is good.
    evaluation.result["verdicts"] = [{"measure": "kid", "grade": "good", "code": "like_real"}]
    evaluation.save()
    assert grades.overall(evaluation.result) == grades.of(evaluation) == "unknown"
    client.force_login(alice)
    page = client.get(reverse("evaluation:certificate", args=[evaluation.pk])).content.decode()
    verdict = page[page.index('class="verdict row"') : page.index("measure-cards")]
    assert "not judged" in verdict and "its privacy is not known: it is not certified" in verdict
    assert "good" not in verdict


def test_what_is_advised_says_why_there_is_no_grade():
    few, few_real, differing, wide = (
        {"grade": "unknown", "code": code}
        for code in ("too_few_to_judge", "too_few_real_to_judge", "real_ones_differ", "not_certain")
    )
    good, bad = ({"grade": grade, "code": ""} for grade in ("good", "bad"))
    unmeasured = {"privacy": {"code": "no_training"}}
    for verdicts, code, said in (
        ([few, good], "too_few_to_judge", "Make 100 for a first look"),
        ([few_real, good], "too_few_real_to_judge", "reference is too small"),
        ([wide, differing], "real_ones_differ", "reference is no yardstick"),
        ([wide, good], "not_certain", "Measure more images"),
        ([good], "no_privacy", "privacy is not known"),
        ([good, bad], "bad", "Do not train"),
    ):
        found = grades.advised({"verdicts": verdicts, "unmeasured": unmeasured})
        assert found == code and said in verdict_words.advice(found)
    assert grades.advised({"verdicts": [good]}) == "good"


def test_fid_against_a_small_reference_blames_the_reference():
    found = {
        "measure": "fid",
        "grade": "unknown",
        "code": "too_few_real_for_fid",
        "value": 314,
        "beside": 1000,
    }
    assert verdict_words.verdict(found).startswith("The reference has 314 images: too few for FID")
    assert verdict_words.verdict({**found, "code": "too_few_for_fid"}).startswith(
        "314 images: too few to judge"
    )


@pytest.mark.parametrize(
    ("why", "said"),
    [
        ({"code": "no_held_out"}, "no people of the same photographs were held out"),
        ({"code": "held_out_in_training", "shared": 20, "n_held": 314}, "20 of the 314 held-out pictures"),
        ({}, "Nothing is known of the pictures"),
    ],
)
def test_the_card_says_why_privacy_is_not_measured(why, said):
    sheet = cards.Sheet({"unmeasured": {"privacy": why}}, "palm")
    card = next(one for one in sheet.cards if one.key == "privacy")
    assert (card.number, card.grade) == ("–", "unknown")
    assert said in card.sentences[0]


def test_real_palms_at_another_number_stand_beside_the_set_at_that_number():
    real = {
        "way": "halves",
        "n": 157,
        "values": {"fd": 25.0, "kid": 0.002, "recall": 0.8},
        "lowest": {"fd": 24.0, "kid": 0.001, "recall": 0.8},
        "highest": {"fd": 26.5, "kid": 0.003, "recall": 0.8},
        "set_values": {"fd": 27.1, "recall": 0.7},
    }
    result = {
        "fid": 23.6, "fd": 23.6, "kid": 0.004, "recall": 0.9, "real": real, "intervals": {"fid": [23.0, 24.2]}
    }  # fmt: skip
    sheet = cards.Sheet(result, "palm")
    assert sheet.fid_card.real == "25.0 at 157 images, where this set has 27.1"
    assert sheet.fid_card.interval == "23.0 to 24.2"
    assert 'class="reference"' not in sheet.fid_card.scale
    quality = sheet.cards[0]
    assert quality.real == "2.0" and 'class="reference"' in quality.scale
    row = next(row for row in quality.rows if row.title == "Fréchet distance")
    assert (row.real, row.real_span) == (
        "25.00 at 157 images, where this set has 27.10", "draws: 24.00 to 26.50"
    )  # fmt: skip


def test_a_comparison_shows_no_real_palms_at_another_number():
    report = {"kid": 0.004, "fd": 23.6, "intervals": {}}
    real = {"values": {"kid": 0.002, "fd": 25.0}, "set_values": None}
    column = {"id": "s", "name": "s", "report": report}
    for own, beside in ((None, "25.00"), ({"fd": 27.1}, "")):
        result = {"n": 1000, "sets": [column], "real": real | {"set_values": own}}
        found = {line.key: line.real for line in comparison_lines.lines(result, "real palms")}
        assert (found["kid"], found["fd"]) == ("2.0", beside)

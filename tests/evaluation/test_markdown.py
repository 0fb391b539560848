"""The certificate in the card of a download: what the page says, in Markdown, in English for whoever takes it along."""

import io
import re
import zipfile

import pytest
from django.utils import translation

from generation.evaluation import markdown
from generation.evaluation.models import Evaluation

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.torch]

PRIVACY = {
    "suspicious": 0.25, "expected": 0.05, "copies": 1, "ratio": 0.9, "authentic": 0.75, "held_authentic": 0.9
}  # fmt: skip


def with_privacy(evaluation):
    """As it would be of a model whose training palms are known."""
    result = evaluation.result
    result["intervals"]["suspicious"] = [0.1, 0.5]
    banks = {role: {"name": f"palm-{role}", "sha256": f"{role:x<64}"} for role in ("training", "held")}
    Evaluation.objects.filter(pk=evaluation.pk).update(result={**result, **banks, "privacy": PRIVACY})


def test_every_side_stands_there_with_n_interval_and_real_palms(palms, measured):
    image_set = palms(12)
    assert markdown.of_set(image_set, 12) == ""
    evaluation = measured(image_set)
    with_privacy(evaluation)
    with translation.override("ru"):
        text = markdown.of_set(image_set, 12)
    assert re.findall(r"(?m)^### (\w+)", text) == ["Quality", "Diversity", "Privacy", "Use"]
    assert (
        f"12 images against 314 real palms of palm-reference (`{evaluation.result['reference']['sha256'][:12]}`)"
        in text
    )
    assert f"EfficientNet-Lite0 (weights `{evaluation.result['weights_sha256'][:12]}`), seed 0" in text
    assert "“Real palms” are 12 of other people" in text and "too few to judge" in text
    assert "Copies were looked for in palm-training (trainingxxxx), beside palm-held (heldxxxxxxxx)." in text
    assert (
        "**25 %** suspiciously close to a training picture; less is better; 95 % interval 10 % to 50 %"
        in text.replace("\N{NO-BREAK SPACE}", " ")
    )
    numbers = text.replace("\N{MINUS SIGN}", "-")
    kid = re.search(r"\| KID, in thousandths \| ([\d.]+) \| ([\d.-]+) to ([\d.-]+) \| ([\d.]+)", numbers)
    assert float(kid[2]) <= float(kid[1]) <= float(kid[3])
    assert not re.search("[а-яА-Я]", text)


def test_a_part_of_a_set_says_that_the_whole_was_measured(palms, measured):
    image_set = palms(12)
    measured(image_set)
    assert "These files are 5: the numbers hold for the set as it was measured." in markdown.of_set(
        image_set, 5
    )


def test_downloads_carry_it(api, palms, measured):
    image_set = palms(12)
    measured(image_set)
    answer = api.get(f"/api/v1/sets/{image_set.pk}/download")
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as archive:
        card = archive.read("README.md").decode()
    assert markdown.of_set(image_set, 12) in card and "{" not in card

"""What pages and the API say of a model: the quality that its file tells, with what it was measured on and in."""

import json
import re

import pytest
from django.urls import reverse
from django.utils.html import strip_tags
from rest_framework.test import APIClient

from generation.sets import headers, messages, networks
from generation.sets.models import Checkpoint, ImageSet
from mlcore import shipping, zoo_index

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
LITE0, LITE2 = "efficientnet-lite0", "efficientnet-lite2"


def measured(kid, **more):
    return {"kid": kid, "kid_ci": [kid - 0.002, kid + 0.002], "n": 1756, "n_ref": 312, **more}


@pytest.fixture
def zoo(db):
    """The rows of all generators that ship, as if each had been verified here."""
    default = zoo_index.default_name()
    return [
        Checkpoint.objects.create(
            name=path.stem,
            state="published",
            source="zoo",
            file=path.name,
            sha256=path.stem,
            subject=header.notes["subject"],
            is_default=path.stem == default,
            header=json.loads(header.to_json()),
        )
        for path, header in zoo_index.generators()
    ]


def card_of(model):
    return (zoo_index.ZOO / f"{model.name}.md").read_text()


def told_by_card(model):
    """The KID and its interval as the model's card says them, in the network that no generator learns from."""
    n, n_ref, kid, low, high = re.search(
        rf"\| {zoo_index.JUDGED_BY} \| ([\d,]+) \| ([\d,]+) \| ([\d.]+) \(([\d.]+) to ([\d.]+)\)",
        card_of(model),
    ).groups()
    return (
        f"KID {kid} ({low} – {high})",
        f"{n} images against {n_ref} held-out real ones, in EfficientNet-Lite2.",
    )


def part(page, start, end):
    """What stands between two pieces of a page, without its tags."""
    return strip_tags(page.split(start, 1)[1].split(end, 1)[0])


def test_every_model_that_ships_shows_its_quality_as_its_card_does(client, alice, zoo):
    client.force_login(alice)
    assert len(zoo) > 1
    models, new = (client.get(reverse(name)).content.decode() for name in ("sets:models", "sets:new"))
    for model in zoo:
        kid, how = told_by_card(model)
        row = part(models, f'id="{model.name}"', "</article>")
        assert kid in row, model.name
        assert how in row, model.name
        assert f"{re.search('seen of (.+) different', card_of(model))[1]} out of:" in row, model.name
        assert kid in part(new, f'value="{model.name}"', "</label>"), model.name
        strip = client.get(reverse("sets:strip"), {"model": model.name}).content.decode()
        assert how in strip, model.name


def test_the_terms_of_what_ships_are_told_in_the_readers_language(client, alice, zoo):
    assert {*(model.header["licence"] for model in zoo), shipping.LICENCE} == set(messages.LICENCES)
    client.force_login(alice)
    russian = {"accept-language": "ru"}
    page = client.get(reverse("sets:models"), headers=russian).content.decode()
    assert "follows the terms" not in page and page.count("веса: AGPL-3.0-or-later") == len(zoo)
    told = client.get("/api/v1/models", headers=russian).json()["results"]
    assert all(model["licence"].startswith("веса: AGPL-3.0-or-later") for model in told)
    foreign = Checkpoint(header={"licence": "CC BY 4.0: 100 % free"})
    assert (foreign.licence, Checkpoint().licence) == ("CC BY 4.0: 100 % free", "")


def test_the_first_page_says_the_quality_of_the_default_model(client, alice, zoo):
    ImageSet.objects.create(owner=alice, name="palms", count=20, wanted=20)
    page = client.get(reverse("sets:landing")).content.decode()
    kid, how = told_by_card(next(model for model in zoo if model.is_default))
    assert f"<dt>{kid.split()[1]}</dt>" in page
    assert how in page


def test_the_api_says_the_quality_beside_all_measures(alice, zoo):
    client = APIClient()
    client.force_authenticate(alice)
    for told in client.get(reverse("api-models")).json()["results"]:
        found = told["metrics"]["held_out"][LITE2]
        assert told["quality"] == {
            **{name: found[name] for name in ("kid", "kid_ci", "n", "n_ref")},
            "real_kid": found["real"]["kid"],
            "extractor": LITE2,
        }


@pytest.mark.parametrize(
    ("trained", "network"), [([], LITE2), ([LITE0], LITE2), ([LITE2], LITE0), ([LITE0, LITE2], "")]
)
def test_the_headline_is_of_a_network_that_the_model_was_not_trained_against(trained, network):
    found = headers.headline(
        {
            "metrics": {"held_out": {LITE2: measured(0.02, real={"kid": 0.001}), LITE0: measured(0.01)}},
            "notes": {"seen": {"trained": trained, "chosen": [LITE2]}},
        }
    )
    assert found.get("extractor", "") == network
    assert (found.get("kid"), found.get("real_kid")) == {
        LITE0: (0.01, None),
        LITE2: (0.02, 0.001),
        "": (None, None),
    }[network]


def test_pages_compare_models_in_the_network_that_chooses_the_default():
    assert networks.COMPARED_IN == zoo_index.JUDGED_BY


def test_a_file_that_tells_no_measures_has_no_quality():
    assert headers.headline({}) == headers.headline({"metrics": {"validation": {"kid": 0.01}}}) == {}

"""Sets of hands are measured against held-out hands, sets of palms against palms; what is not alike is said."""

import re
from dataclasses import replace

import pytest
from django.conf import settings
from django.urls import reverse

from accounts.errors import InvalidInput
from generation.evaluation import (
    drawing_sheet,
    extractors,
    markdown,
    references,
    selectors,
    services,
    verdict_words,
    words,
)
from generation.evaluation.forms import CompareForm, EvaluateForm
from generation.evaluation.models import Bank, Reference
from generation.sets.models import Checkpoint
from mlcore import reference as banks
from tests.evaluation.test_privacy import learned_from

pytestmark = [pytest.mark.django_db, pytest.mark.torch]

ZOO = settings.BASE_DIR / "mlcore" / "zoo"
LITE0, LITE2 = "efficientnet-lite0", "efficientnet-lite2"
WARNING = "The pictures show hands and the reference shows palms, so the numbers say"


@pytest.fixture
def held():
    """What ships of the held-out pictures of a subject."""
    shipped = Reference.objects.filter(role="reference", banks__source=Bank.Source.ZOO).distinct()
    return lambda subject: shipped.get(subject=subject)


@pytest.fixture
def hands(palms):
    """A finished set of what says that it shows hands."""

    def make(count=12, **wishes):
        image_set = palms(count, **wishes)
        Checkpoint.objects.filter(pk=image_set.checkpoint_id).update(subject="hand")
        image_set.refresh_from_db()
        return image_set

    return make


@pytest.fixture
def both(hands, palms):
    """A set of hands and a set of palms."""
    shows_hands, shows_palms = hands(), palms(12, seed=5)
    model = Checkpoint.objects.get(pk=shows_palms.checkpoint_id)
    model.pk, model.name, model.sha256, model.subject, model.is_default = (
        None,
        "palms",
        "f" * 64,
        "palm",
        False,
    )
    model.save()
    type(shows_palms).objects.filter(pk=shows_palms.pk).update(checkpoint=model)
    shows_palms.refresh_from_db()
    return shows_hands, shows_palms


def an_operators(name, **header):
    """A bank among the site's files: rows of what ships under another header."""
    ships = banks.load(ZOO / "palm-reference-lite2.safetensors")
    folder = settings.PALMSITE_DATA / "references"
    folder.mkdir(parents=True, exist_ok=True)
    changed = replace(ships.header, name=name, content=name.ljust(64, "c"), **header)
    banks.save(replace(ships, header=changed), folder / f"{name}.safetensors")


def test_a_reference_shows_what_its_banks_header_says(held):
    an_operators("some-hands", subject="hand")
    an_operators("feet", subject="foot")
    assert references.sync() == 1
    assert Reference.objects.get(name="some-hands").subject == "hand"
    assert not Reference.objects.filter(name="feet").exists()
    assert {held("palm").subject, held("hand").subject} == {"palm", "hand"}
    an_operators("some-hands", subject="palm")
    references.sync()
    assert Reference.objects.get(name="some-hands").subject == "palm"


def test_palms_are_no_part_of_the_split_of_hands():
    """Both were cut from the same photographs, and split alike."""
    for subject in ("palm", "hand"):
        there = Bank.objects.filter(reference__subject=subject, extractor=LITE2)
        train, validation = there.get(reference__split="train"), there.get(reference__split="validation")
        assert (selectors.other_part(train), selectors.other_part(validation)) == (validation, train)


def test_without_a_wish_it_is_the_sites_first_of_the_same_subject(alice, held):
    named = selectors.reference_named
    assert (named(alice, ""), named(alice, "", subject="hand")) == (held("palm"), held("hand"))
    assert named(alice, "", subject="foot") == held("palm")
    assert named(alice, held("palm").name, subject="hand") == held("palm")
    Reference.objects.filter(subject="hand").update(subject="palm")
    assert named(alice, "", subject="hand").owner is None


@pytest.mark.slow
def test_hands_are_measured_against_held_out_hands_and_so_is_their_privacy(
    client, alice, hands, measured, held
):
    image_set, hand = hands(), held("hand")
    training = Bank.objects.get(reference__subject="hand", reference__role="training")
    learned_from(image_set, training.sha256)
    evaluation = measured(image_set)
    assert evaluation.is_done, evaluation.text
    assert (evaluation.reference, evaluation.reference_subject, evaluation.extractor) == (hand, "hand", LITE2)
    result = evaluation.result
    assert (result["n_ref"], result["real"]["way"]) == (hand.n, "other_people")
    assert result["held"]["sha256"] == hand.banks.get().sha256
    assert result["privacy"]["n_training"] == training.reference.n
    client.force_login(alice)
    for name in ("evaluation", "certificate"):
        page = client.get(reverse(f"evaluation:{name}", args=[evaluation.pk])).content.decode()
        assert f"12 images against {hand.n} real hands of {hand.name}" in page
        assert "how far the one is from the other" not in page
        cards_shown = re.findall(r'(?s)<article class="card measure".*?</article>', page)
        assert len(cards_shown) == 4 and not re.search("(?i)palm", "".join(cards_shown))
    card = markdown.of_set(image_set, 12)
    assert f"{hand.n} real hands of {hand.name}" in card and "“Real hands” are" in card
    assert "palm" not in card.replace(hand.name, "")


def test_no_verdict_names_what_the_pictures_show():
    assert not [said for said in verdict_words._SENTENCES.values() if re.search("(?i)palm|hand", said)]


@pytest.mark.slow
def test_hands_against_palms_are_measured_with_a_word_of_warning(client, alice, hands, measured, held):
    image_set = hands()
    evaluation = measured(image_set, reference=held("palm").name)
    assert (evaluation.is_done, evaluation.reference) == (True, held("palm"))
    image_set.refresh_from_db()
    assert image_set.quality == {}
    client.force_login(alice)
    for name in ("evaluation", "card", "certificate"):
        page = client.get(reverse(f"evaluation:{name}", args=[evaluation.pk])).content.decode()
        assert page.count(WARNING) == 1, name
    assert markdown.of_set(image_set, 12).count(WARNING) == 1
    where = reverse("evaluation:evaluation", args=[evaluation.pk])
    page = client.get(where, headers={"accept-language": "ru"}).content.decode()
    assert "На изображениях — кисти рук, в эталоне — ладони" in page and WARNING not in page


def test_the_warning_names_both_sides_and_is_silent_where_they_are_alike():
    assert words.other_subject("hand", "hand") == words.other_subject("palm", "palm") == ""
    assert words.other_subject("hand", "palm").startswith(WARNING)
    assert "show palms and the reference shows hands" in words.other_subject("palm", "hand")
    assert "show foot and" in words.other_subject("foot", "palm")


@pytest.mark.slow
def test_a_network_without_hands_is_refused_with_the_way_out(client, alice, hands, held):
    image_set, hand = hands(), held("hand")
    refusal = f"{hand.name} holds no features of {LITE0}. Measure with {LITE2}, or choose another reference."
    with pytest.raises(InvalidInput, match=re.escape(refusal)):
        services.evaluate(by=alice, image_set=image_set, extractor=LITE0)
    client.force_login(alice)
    where = reverse("evaluation:evaluate", args=[image_set.pk])
    for headers in ({}, {"HX-Request": "true"}):
        page = client.post(where, {"extractor": LITE0, "reference": ""}, headers=headers)
        assert page.status_code == 200 and refusal in page.content.decode()
    answer = client.post(
        f"/api/v1/sets/{image_set.pk}/evaluations", {"extractor": LITE0}, content_type="application/json"
    )
    assert answer.status_code == 400 and refusal in answer.json()["errors"][0]["detail"]
    assert not image_set.evaluations.exists()


@pytest.mark.slow
def test_where_no_network_of_the_reference_is_here_another_reference_is_the_way_out(
    alice, hands, monkeypatch
):
    monkeypatch.setattr(extractors, "is_here", lambda name: name == LITE0)
    with pytest.raises(InvalidInput, match=f"no features of {LITE0}. Choose another reference."):
        services.evaluate(by=alice, image_set=hands())


def test_the_forms_offer_both_and_choose_by_themselves(alice, held):
    offered = dict(EvaluateForm(alice).fields["reference"].choices)
    assert next(iter(offered)) == ""
    assert {offered[str(held(one).pk)].split()[-1] for one in ("palm", "hand")} == {"palms", "hands"}
    # One of each kind is no choice of columns: each is what its kind is measured against.
    assert "references" not in CompareForm(alice).fields
    an_operators("more-hands", subject="hand")
    references.sync()
    columns = CompareForm(alice).fields["references"].choices
    assert len(columns) == 3 and all(key for key, _name in columns)


@pytest.mark.slow
def test_sets_of_hands_are_compared_against_hands(client, alice, both, hands, held, work):
    shows_hands, shows_palms = both
    alike = services.compare(by=alice, image_sets=[shows_hands, hands(seed=6)])
    assert alike.reference_name == held("hand").name
    work()
    client.force_login(alice)
    page = client.get(reverse("evaluation:comparison", args=[alike.pk])).content.decode()
    assert f"{held('hand').n} real hands of" in page and "Real hands</th>" in page and WARNING not in page
    mixed = services.compare(by=alice, image_sets=[shows_hands, shows_palms])
    assert mixed.reference_name == held("palm").name


@pytest.mark.slow
def test_a_comparison_of_both_names_what_is_not_alike(client, alice, both, work, monkeypatch):
    shows_hands, _palms = both
    comparison = services.compare(by=alice, image_sets=list(both))
    work()
    comparison.refresh_from_db()
    assert [column["subject"] for column in comparison.result["sets"]] == ["hand", "palm"]
    client.force_login(alice)
    page = client.get(reverse("evaluation:comparison", args=[comparison.pk])).content.decode()
    assert page.count(WARNING) == 1 and f"{shows_hands.name}: {WARNING}" in page
    drawn = []
    text = drawing_sheet.Sheet.text
    monkeypatch.setattr(
        drawing_sheet.Sheet,
        "text",
        lambda sheet, x, y, said, **how: (drawn.append(said), text(sheet, x, y, said, **how)),
    )
    assert client.get(reverse("evaluation:comparison_png", args=[comparison.pk])).status_code == 200
    told = " ".join(drawn)
    assert f"{shows_hands.name}: {WARNING}" in told
    assert (
        "against 314 real palms of palm-reference, in EfficientNet-Lite0, seed 0. Bold: 95 % intervals part."
        in told.replace("\N{NO-BREAK SPACE}", " ")
    )
    assert f"http://testserver{reverse('evaluation:comparison', args=[comparison.pk])}" in drawn
    comparison.result["sets"][0].pop("subject")
    comparison.save()
    page = client.get(reverse("evaluation:comparison", args=[comparison.pk]))
    assert WARNING not in page.content.decode()


def test_long_words_are_laid_in_lines_that_fit():
    said = "a word of warning that is longer than one line can be"
    lines = drawing_sheet.wrapped(said, 12, 120)
    assert " ".join(lines) == said and len(lines) > 2
    assert all(drawing_sheet.width_of(line, 12) <= 120 for line in lines)


def test_the_api_says_what_a_reference_shows(client, alice, held):
    client.force_login(alice)
    found = {one["name"]: one["subject"] for one in client.get("/api/v1/references").json()["results"]}
    assert found == {held("palm").name: "palm", held("hand").name: "hand"}
    page = client.get(reverse("evaluation:references")).content.decode()
    assert f"{held('hand').n} hands" in page and f"{held('palm').n} palms" in page
    page = client.get(reverse("evaluation:reference", args=[held("hand").pk])).content.decode()
    assert f"{held('hand').n} hands" in page

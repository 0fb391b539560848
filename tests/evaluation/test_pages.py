"""The pages of a set's quality, as their people see them."""

import pytest
from django.urls import reverse
from django.utils import timezone

from generation.evaluation import markdown, services, words
from generation.evaluation.models import Evaluation
from generation.sets import messages
from generation.sets.models import Image, Share

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.torch]


def text_of(answer):
    return " ".join(answer.content.decode().split())


def test_pressing_evaluate_shows_progress_then_four_cards(client, alice, palms, work):
    image_set = palms(12)
    client.force_login(alice)
    page = client.get(reverse("evaluation:quality", args=[image_set.pk]))
    assert "Nothing was measured yet" in text_of(page)
    answer = client.post(
        reverse("evaluation:evaluate", args=[image_set.pk]),
        {"kind": "evaluate"},
        headers={"HX-Request": "true"},
    )
    assert answer.status_code == 200 and "<html" not in text_of(answer)
    evaluation = Evaluation.objects.get()
    card = reverse("evaluation:card", args=[evaluation.pk])
    assert card in text_of(answer)
    assert 'hx-trigger="every 1s"' in text_of(client.get(card))
    work()
    assert "HX-Trigger" not in client.get(card).headers
    done = client.get(card, {"live": ""})
    assert "every 1s" not in text_of(done) and done["HX-Trigger"] == "jobs-changed, measured"
    for key in ("quality", "diversity", "privacy", "use"):
        assert f'data-measure="{key}"' in text_of(done)
    assert text_of(done).count('class="reference"') >= 4
    assert text_of(done).count('<svg class="chart"') >= 4
    assert "12 images: too few to judge" in text_of(done)
    for name in ("evaluation", "certificate"):
        assert client.get(reverse(f"evaluation:{name}", args=[evaluation.pk])).status_code == 200


def test_a_plain_post_leads_back_to_the_set(client, alice, palms):
    image_set = palms(12)
    client.force_login(alice)
    answer = client.post(
        reverse("evaluation:evaluate", args=[image_set.pk]), {"kind": "evaluate", "seed": "3"}
    )
    assert answer.status_code == 302
    assert Evaluation.objects.get().spec["seed"] == 3


def test_at_the_foot_of_a_set_stand_evaluate_and_fid(client, alice, bob, palms):
    image_set = palms(12)
    Share.objects.create(image_set=image_set, user=bob)
    client.force_login(alice)
    page = text_of(client.get(reverse("sets:set", args=[image_set.pk])))
    foot = page[page.index('id="set-foot"') :]
    assert 'value="evaluate"' in foot and 'value="fid"' in foot
    client.force_login(bob)
    assert 'id="set-foot"' not in text_of(client.get(reverse("sets:set", args=[image_set.pk])))


def test_fid_without_weights_says_so_and_offers_the_rest(client, alice, palms):
    image_set = palms(12)
    client.force_login(alice)
    answer = client.post(reverse("evaluation:evaluate", args=[image_set.pk]), {"kind": "fid"})
    assert answer.status_code == 200
    assert "FID cannot be had here" in text_of(answer) and "PALMSITE_INCEPTION" in text_of(answer)
    assert 'value="evaluate"' in text_of(answer)
    assert not Evaluation.objects.exists()


def test_the_address_that_measures_leads_to_the_measures(client, alice, charlie, palms):
    """Where FID cannot be had its answer stays at that address, and the choice of a language leads back to it."""
    image_set = palms(12)
    where = reverse("evaluation:evaluate", args=[image_set.pk])
    client.force_login(alice)
    for answer in (client.get(where), client.head(where)):
        assert answer.status_code == 302
        assert answer["Location"] == reverse("evaluation:quality", args=[image_set.pk])
    assert not Evaluation.objects.exists()
    client.force_login(charlie)
    assert client.get(where).status_code == 404


def test_a_failed_measurement_says_why(client, alice, palms, work):
    image_set = palms(12)
    evaluation = services.evaluate(by=alice, image_set=image_set)
    image_set.images.filter(index__gte=2).update(deleted_at="2026-01-01T00:00:00Z")
    work()
    client.force_login(alice)
    page = text_of(client.get(reverse("evaluation:evaluation", args=[evaluation.pk])))
    assert "The set has 2 images; below 10" in page
    assert client.get(reverse("evaluation:certificate", args=[evaluation.pk])).status_code == 409


def test_a_result_stays_below_a_later_measurement_that_failed(client, alice, palms, measured, work):
    image_set = palms(12)
    first = measured(image_set)
    client.force_login(alice)
    shown = reverse("evaluation:quality", args=[image_set.pk])
    certificate = reverse("evaluation:certificate", args=[first.pk])
    kept = image_set.images.filter(index__gte=2)
    kept.update(deleted_at="2026-01-01T00:00:00Z")
    later = measured(image_set)
    assert later.state == "failed"
    page = text_of(client.get(shown))
    cards = [f'hx-get="{reverse("evaluation:card", args=[one.pk])}"' for one in (later, first)]
    assert certificate in page and 0 < page.index(cards[0]) < page.index(cards[1])
    kept.update(deleted_at=None)
    last = measured(image_set, seed=1)
    page = text_of(client.get(shown))
    assert certificate not in page and reverse("evaluation:certificate", args=[last.pk]) in page
    assert not any(card in page for card in cards)


def test_ten_images_are_nowhere_called_good(client, alice, palms, measured):
    evaluation = measured(palms(12))
    assert not {"good", "fine"} & {one["grade"] for one in evaluation.result["verdicts"]}
    client.force_login(alice)
    assert "chip--good" not in text_of(client.get(reverse("evaluation:card", args=[evaluation.pk])))


def test_the_certificate_says_what_the_set_shows_and_how_it_was_made(client, alice, palms, measured):
    image_set = palms(12)
    evaluation = measured(image_set)
    recipe = {**image_set.recipe, "min_probability": 0.25, "hand": "left", "look": "any", "seed": 0}
    type(image_set).objects.filter(pk=image_set.pk).update(recipe=recipe)
    client.force_login(alice)
    place = reverse("evaluation:certificate", args=[evaluation.pk])
    page = text_of(client.get(place))
    for title, value in (("Least probability", "0.25"), ("Hand", "Left"), ("Look", "Any"), ("Seed", "0")):
        assert f'<dt>{title}</dt><dd class="number">{value}</dd>' in page
    assert "Certificate of a set of synthetic palms" in page
    type(image_set.checkpoint).objects.filter(pk=image_set.checkpoint_id).update(subject="hand")
    assert "Certificate of a set of synthetic hands" in text_of(client.get(place))


def test_the_certificate_tells_our_terms_in_the_readers_language(client, alice, palms, measured):
    image_set = palms(12)
    place = reverse("evaluation:certificate", args=[measured(image_set).pk])
    type(image_set.checkpoint).objects.filter(pk=image_set.checkpoint_id).update(
        header={**image_set.checkpoint.header, "licence": messages.LICENCES[0]}
    )
    client.force_login(alice)
    assert messages.LICENCES[0] in text_of(client.get(place))
    assert "веса: AGPL-3.0-or-later" in text_of(client.get(place, headers={"accept-language": "ru"}))


def test_what_shows_hands_is_not_silently_measured_as_palms(client, alice, palms, measured):
    image_set = palms(12)
    evaluation = measured(image_set)
    client.force_login(alice)
    places = [reverse(f"evaluation:{name}", args=[evaluation.pk]) for name in ("evaluation", "certificate")]
    warning = "The pictures show hands and the reference shows palms"
    assert not any(warning in text_of(client.get(place)) for place in places)
    type(image_set.checkpoint).objects.filter(pk=image_set.checkpoint_id).update(subject="hand")
    assert [text_of(client.get(place)).count(warning) for place in places] == [1, 1]


def test_an_old_result_is_marked_with_its_number(client, alice, palms, measured):
    image_set = palms(12)
    evaluation = measured(image_set)
    type(image_set).objects.filter(pk=image_set.pk).update(count=11)
    client.force_login(alice)
    page = text_of(client.get(reverse("evaluation:evaluation", args=[evaluation.pk])))
    assert "Measured when the set had 12 images; now it has 11" in page


def test_as_many_other_images_are_others(client, alice, palms, measured):
    image_set = palms(13)
    first, last = Image.objects.filter(image_set=image_set).order_by("index")[::12]
    Image.objects.filter(pk=last.pk).update(deleted_at=timezone.now())
    type(image_set).objects.filter(pk=image_set.pk).update(count=12)
    image_set.refresh_from_db()
    evaluation = measured(image_set)
    client.force_login(alice)
    places = [reverse(f"evaluation:{name}", args=[evaluation.pk]) for name in ("evaluation", "certificate")]
    said = "Measured when the set had other images, as many as now"
    assert not any(said in text_of(client.get(place)) for place in places)
    Image.objects.filter(pk=last.pk).update(deleted_at=None)
    Image.objects.filter(pk=first.pk).update(deleted_at=timezone.now())
    assert all(said in text_of(client.get(place)) for place in places)
    assert "The set has other images now" in markdown.of_set(image_set, image_set.count)


def test_what_has_just_begun_is_what_is_seen(client, alice, palms, measured):
    """The buttons stand far below: the page moves up to the measures, where the one that waits stands first."""
    image_set = palms(12)
    fid = measured(image_set, seed=1)
    Evaluation.objects.filter(pk=fid.pk).update(kind="fid", result={**fid.result, "fid": 113.4})
    client.force_login(alice)
    where = reverse("evaluation:evaluate", args=[image_set.pk])
    answer = client.post(where, {"kind": "evaluate"}, headers={"HX-Request": "true"})
    page = text_of(answer)
    assert 'hx-swap="outerHTML show:top"' in page and "HX-Reswap" not in answer.headers
    waiting = Evaluation.objects.get(kind="evaluate")
    cards = [page.index(f'hx-get="{reverse("evaluation:card", args=[one.pk])}"') for one in (waiting, fid)]
    assert cards == sorted(cards)
    refused = client.post(where, {"kind": "evaluate", "seed": "-1"}, headers={"HX-Request": "true"})
    assert refused["HX-Reswap"] == "outerHTML" and "<details open>" in text_of(refused)


def test_the_head_of_a_set_is_told_when_a_measurement_ends(client, alice, palms, measured):
    """What the last poll says has happened is what the head waits for; it then asks for its facts alone."""
    image_set = palms(12)
    client.force_login(alice)
    tab = reverse("sets:quality", args=[image_set.pk])
    facts = f'id="set-facts" hx-get="{tab}" hx-trigger="measured from:body"'
    before = text_of(client.get(tab))
    assert facts in before and "<li>KID" not in before
    evaluation = measured(image_set)
    card = client.get(reverse("evaluation:card", args=[evaluation.pk]), {"live": ""})
    assert "measured" in card["HX-Trigger"]
    head = text_of(client.get(tab, headers={"HX-Request": "true"}))
    assert facts in head and "<html" not in head and "<h1" not in head
    assert f"<li>KID {words.thousandths(image_set.quality['kid'])}" in head
    assert '<p class="quiet small">KID:' in head


def test_the_history_tells_measurements_of_one_minute_apart(client, alice, palms, measured):
    image_set = palms(12)
    measured(image_set)
    measured(image_set, matched=True, seed=7)
    fid = measured(image_set, seed=1)
    result = {**fid.result, "fid": 113.44, "intervals": {"fid": [98.76, 130.12]}}
    Evaluation.objects.filter(pk=fid.pk).update(kind="fid", result=result)
    client.force_login(alice)
    page = text_of(client.get(reverse("evaluation:quality", args=[image_set.pk])))
    of_fid, drawn, whole = page.split("<tbody>")[-1].split("</tbody>")[0].split("</tr>")[:3]
    assert '<td class="number">314</td>' in whole and "drawn" not in whole + of_fid
    assert '<td class="number">12<br><span class="quiet small nowrap">drawn, seed 7</span></td>' in drawn
    assert "113.4" in of_fid and "98.8 to 130.1" in of_fid


def test_few_images_are_not_offered_a_button(client, alice, palms):
    client.force_login(alice)
    page = text_of(client.get(reverse("evaluation:quality", args=[palms(3).pk])))
    assert "measures need at least 10" in page and 'value="evaluate"' not in page


def test_bob_may_look_and_charlie_may_not(client, alice, bob, charlie, palms, measured):
    image_set = palms(12)
    evaluation = measured(image_set)
    Share.objects.create(image_set=image_set, user=bob)
    places = [reverse("evaluation:quality", args=[image_set.pk])] + [
        reverse(f"evaluation:{name}", args=[evaluation.pk]) for name in ("evaluation", "card", "certificate")
    ]
    post = reverse("evaluation:evaluate", args=[image_set.pk])
    for user, seen in ((bob, 200), (charlie, 404)):
        client.force_login(user)
        assert [client.get(place).status_code for place in places] == [seen] * 4
        assert client.post(post, {"kind": "evaluate"}).status_code == 404
    client.logout()
    assert all(client.get(place).status_code == 302 for place in places)


def test_references_show_their_terms(client, charlie):
    client.force_login(charlie)
    page = text_of(client.get(reverse("evaluation:references")))
    assert "palm-reference" in page and "CC BY 4.0" in page and "palm-training" not in page

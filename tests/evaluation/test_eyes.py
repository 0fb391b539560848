"""Ratings by people: blind, in an order of one's own, counted by a job, shown beside hidden real palms."""

import io

import pytest
from django.urls import reverse
from PIL import Image as Picture

from accounts.errors import Conflict, InvalidInput, NotFound
from accounts.models import AuditEvent
from generation.evaluation import eyes, panels, selectors
from generation.evaluation.forms import PanelForm
from generation.evaluation.models import Panel, Rating, Reference
from generation.sets.models import Image, Share
from mlcore import images
from mlcore.metrics.eyes import STEPS
from tests.evaluation.photographs import picture

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def real(alice):
    """Alice's reference that keeps palms of 256 px, as its job leaves it."""
    made = Reference.objects.create(
        owner=alice, name="hands", content="c" * 64, n=12, keeps_photos=True, request={"people": "unknown"}
    )
    made.banks.create(extractor="efficientnet-lite0", source="upload", file="x", size=1, sha256="a" * 64)
    made.photos_folder.mkdir(parents=True)
    for number in range(12):
        (made.photos_folder / f"{number:06d}.png").write_bytes(images.encode_png(picture(number, 260)))
    return made


@pytest.fixture
def panel(palms, real, alice):
    """Fifteen images, five of them real palms."""
    return panels.begin(by=alice, image_set=palms(12), count=15, reference="hands", seed=3)


def rate_all(panel, by, mark=lambda made: 2):
    for item in selectors.items_in_order(by, panel):
        panels.rate(by=by, panel=panel, item=item, realism=mark("made" in panel.items[item]))


def test_real_palms_are_drawn_by_the_seed_and_shuffled_in(panel, alice):
    kinds = ["made" if "made" in item else "real" for item in panel.items]
    assert (kinds.count("made"), kinds.count("real")) == (10, 5)
    assert kinds != sorted(kinds) and len({str(item) for item in panel.items}) == 15
    wish = {"image_set": panel.image_set, "count": 15, "reference": "hands"}
    assert panels.begin(by=alice, **wish, seed=3).items == panel.items
    assert panels.begin(by=alice, **wish, seed=4).items != panel.items


def test_made_and_real_leave_alike(panel, alice, client):
    client.force_login(alice)
    sizes, headers = set(), set()
    for item in range(len(panel.items)):
        answer = client.get(reverse("evaluation:rate_picture", args=[panel.pk, item]))
        with Picture.open(io.BytesIO(answer.content)) as shown:
            sizes.add((shown.size, shown.mode, tuple(shown.info)))
        headers.add(
            tuple(
                sorted(
                    (key, value)
                    for key, value in answer.headers.items()
                    if key not in ("Content-Length", "X-Request-ID")
                )
            )
        )
    assert sizes == {((panel.side, panel.side), "RGB", ())}
    assert len(headers) == 1


def test_each_person_has_an_order_of_their_own_that_stays(panel, alice, bob):
    mine, other = (selectors.items_in_order(user, panel) for user in (alice, bob))
    assert sorted(mine) == sorted(other) == list(range(15)) and mine != other
    assert selectors.items_in_order(alice, panel) == mine


def test_two_people_rate_and_the_card_says_what_they_said(panel, alice, bob, client, work):
    Share.objects.create(image_set=panel.image_set, user=bob)
    rate_all(panel, alice, lambda made: 2 if made else 5)
    rate_all(panel, bob, lambda made: 1 if made else 4)
    work()
    panel.refresh_from_db()
    result = panel.result
    assert (result["ratings"], result["raters"], result["n"], result["n_real"]) == (30, 2, 10, 5)
    assert (result["realism"], result["real_realism"], result["told"]) == (1.5, 4.5, 1.0)
    assert 0.3 < result["alpha"] < 1
    panel.image_set.refresh_from_db()
    assert panel.image_set.quality["eyes"] == {
        "realism": 1.5, "real_realism": 4.5, "ratings": 30, "raters": 2, "n": 10
    }  # fmt: skip
    client.force_login(bob)
    page = client.get(reverse("evaluation:quality", args=[panel.image_set_id])).content.decode()
    assert 'data-measure="eyes"' in page and "30 ratings by 2 people" in page and "hands" in page


def test_who_is_in_the_middle_is_told_nothing(panel, alice, bob, client, work):
    Share.objects.create(image_set=panel.image_set, user=bob)
    rate_all(panel, alice)
    work()
    panels.rate(by=bob, panel=panel, item=0, realism=3)
    client.force_login(bob)
    page = client.get(reverse("evaluation:quality", args=[panel.image_set_id])).content.decode()
    assert 'data-measure="eyes"' not in page and "once you have rated the rest" in page
    assert client.get(f"/api/v1/ratings/{panel.pk}").json()["result"] is None


def test_the_rating_page_leads_from_picture_to_picture(panel, alice, client, work):
    client.force_login(alice)
    order = selectors.items_in_order(alice, panel)
    where, answer = (reverse(f"evaluation:{name}", args=[panel.pk]) for name in ("rate", "rate_answer"))
    page = client.get(where).content.decode()
    assert f'name="item" value="{order[0]}"' in page and 'data-key="5"' in page and 'data-key="q"' in page
    assert "real" not in page[page.index("<img") : page.index(">", page.index("<img"))].replace(
        "made or real", ""
    )
    part = client.post(
        answer, {"item": order[0], "realism": 4, "tags": ["lines", "blur"]}, headers={"HX-Request": "true"}
    ).content.decode()
    assert f'name="item" value="{order[1]}"' in part and "<html" not in part
    rating = Rating.objects.get()
    assert (rating.realism, rating.tags) == (4, ["lines", "blur"])
    assert client.get(where, {"item": "9" * 5000}).status_code == 200, "what is no picture is the next one"
    back = client.get(where, {"item": order[0]}).content.decode()
    assert back.count("checked") == 2
    client.post(answer, {"item": order[0], "realism": 1})
    assert Rating.objects.get().realism == 1
    bad = client.post(answer, {"item": order[1], "realism": 9})
    assert bad.status_code == 200 and Rating.objects.count() == 1
    for nothing in ("999", "9" * 5000, "x", ""):
        assert client.post(answer, {"item": nothing, "realism": 9}).status_code == 200
    assert client.post(reverse("evaluation:rate_stop", args=[panel.pk])).status_code == 302
    work()
    panel.refresh_from_db()
    assert panel.result["ratings"] == 1
    rate_all(panel, alice)
    assert "Thank you" in client.get(where).content.decode()


def test_deleted_images_are_not_asked_about(panel, alice, client):
    gone = (
        panel.items[0] if "made" in panel.items[0] else next(item for item in panel.items if "made" in item)
    )
    Image.objects.filter(image_set=panel.image_set, index=gone["made"]).update(
        deleted_at="2026-01-01T00:00:00Z"
    )
    number = panel.items.index(gone)
    assert number not in selectors.items_in_order(alice, panel)
    with pytest.raises(InvalidInput):
        panels.rate(by=alice, panel=panel, item=number, realism=3)
    client.force_login(alice)
    assert client.get(reverse("evaluation:rate_picture", args=[panel.pk, number])).status_code == 404
    said = client.post(
        reverse("evaluation:rate_answer", args=[panel.pk]),
        {"item": number, "realism": 3},
        headers={"HX-Request": "true"},
    )
    following = selectors.items_in_order(alice, panel)[0]
    assert said.status_code == 200 and f'name="item" value="{following}"' in said.content.decode()
    assert not Rating.objects.exists()


def test_only_what_is_still_shown_counts_as_rated(panel, real, alice, bob, client, work):
    Share.objects.create(image_set=panel.image_set, user=bob)
    rate_all(panel, alice)
    left_out = next(item for item in range(15) if "made" in panel.items[item])
    for item in set(range(15)) - {left_out}:
        panels.rate(by=bob, panel=panel, item=item, realism=3)
    work()
    real.delete()
    quality = reverse("evaluation:quality", args=[panel.image_set_id])
    for user, done in ((alice, 10), (bob, 9)):
        client.force_login(user)
        told = client.get(f"/api/v1/ratings/{panel.pk}").json()
        is_through = done == 10
        assert (told["done"], told["total"], told["result"] is not None) == (done, 10, is_through)
        page = client.get(quality).content.decode()
        assert f"You have rated {done} of 10." in page and ('data-measure="eyes"' in page) is is_through


def test_what_cannot_be_is_refused(palms, alice, bob, charlie, real, client):
    image_set = palms(12)
    with pytest.raises(NotFound):
        panels.begin(by=charlie, image_set=image_set)
    with pytest.raises(InvalidInput, match="from 10 to 200"):
        panels.begin(by=alice, image_set=image_set, count=5)
    with pytest.raises(InvalidInput) as refused:
        panels.begin(by=alice, image_set=image_set, reference="palm-reference")
    assert "reference" in refused.value.fields
    Reference.objects.filter(pk=real.pk).update(subject="hand")
    with pytest.raises(InvalidInput, match="everybody would know its photographs"):
        panels.begin(by=alice, image_set=image_set, reference="hands")
    assert not PanelForm(alice, image_set).has_photos
    with pytest.raises(Conflict):
        panels.begin(by=alice, image_set=palms(3))
    panel = panels.begin(by=alice, image_set=image_set, count=10)
    for wish in ({"realism": 0}, {"realism": 6}, {"tags": ["ugly"]}, {"item": 99}):
        with pytest.raises(InvalidInput):
            panels.rate(by=alice, panel=panel, **{"item": 0, "realism": 3, **wish})
    Share.objects.create(image_set=image_set, user=bob)
    with pytest.raises(NotFound):
        panels.delete(by=bob, panel=panel)
    places = [("rate", [panel.pk]), ("rate_picture", [panel.pk, 0])]
    for user, seen in ((alice, 200), (bob, 200), (charlie, 404)):
        client.force_login(user)
        assert [
            client.get(reverse(f"evaluation:{name}", args=args)).status_code for name, args in places
        ] == [seen] * 2
    answer = reverse("evaluation:rate_answer", args=[panel.pk])
    assert client.post(answer, {"item": 0, "realism": 3}).status_code == 404
    client.logout()
    assert client.get(reverse("evaluation:rate", args=[panel.pk])).status_code == 302
    target = f"rating:{panel.pk}"
    panels.delete(by=alice, panel=panel)
    assert AuditEvent.objects.filter(by=alice, action="rating.delete", target=target).exists()


def test_throwing_away_takes_the_headline_with_it(panel, alice, client, work):
    rate_all(panel, alice)
    work()
    client.force_login(alice)
    assert client.post(reverse("evaluation:rate_delete", args=[panel.pk])).status_code == 302
    panel.image_set.refresh_from_db()
    assert "eyes" not in panel.image_set.quality and not Rating.objects.exists()


def test_the_api(palms, alice, charlie, client, work, real):
    image_set = palms(12)
    client.force_login(alice)
    where = f"/api/v1/sets/{image_set.pk}/ratings"
    made = client.post(where, {"count": 12, "reference": "hands"}, content_type="application/json")
    assert made.status_code == 201
    panel = made.json()
    assert (panel["total"], panel["done"], panel["reference"]) == (12, 0, "hands")
    assert "items" not in panel
    while panel["next"] is not None:
        body = {"item": panel["next"], "realism": 3, "tags": ["skin"]}
        panel = client.post(f"/api/v1/ratings/{panel['id']}", body, content_type="application/json").json()
    work()
    found = client.get(f"/api/v1/ratings/{panel['id']}").json()
    assert (found["done"], found["result"]["ratings"]) == (12, 12)
    assert client.get(f"/api/v1/ratings/{panel['id']}/pictures/0")["Content-Type"] == "image/png"
    assert len(client.get(where).json()["results"]) == 1
    client.force_login(charlie)
    for address in (where, f"/api/v1/ratings/{panel['id']}", f"/api/v1/ratings/{panel['id']}/pictures/0"):
        assert client.get(address).status_code == 404
    client.force_login(alice)
    assert client.delete(f"/api/v1/ratings/{panel['id']}").status_code == 204
    assert not Panel.objects.exists()


def test_each_verdict_has_a_sentence(panel, alice, work):
    rate_all(panel, alice)
    work()
    panel.refresh_from_db()
    codes = [code for _limit, _grade, code in STEPS] + ["eyes_not_certain", "eyes_few", "eyes_unknown"]
    said = {
        code: eyes.card({**panel.result, "verdict": {"grade": "unknown", "code": code}}).sentences[0]
        for code in codes
    }
    assert len(set(said.values())) == len(codes)
    assert said["eyes_not_certain"].startswith("Perhaps people tell")


def test_agreement_is_said_in_words():
    base = {"raters": 2, "alpha_ci": [0.1, 0.9]}
    assert "needs two" in eyes.agreement({**base, "raters": 1, "alpha": None})
    assert "Nothing can be said" in eyes.agreement({**base, "alpha": None})
    words = [eyes.agreement({**base, "alpha": value}) for value in (0.9, 0.7, 0.2)]
    assert ["tolerably" in one for one in words] == [False, True, False] and "hardly" in words[2]

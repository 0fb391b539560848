"""Scoring again: whoever judges, what was said is kept by name, sorts, filters and selects, and goes with its judge."""

import math

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.module_loading import import_string

from accounts.errors import NotFound
from generation.jobs.models import Job
from generation.lab import judging
from generation.lab import services as lab
from generation.lab.models import Fit
from generation.sets import galleries, judges, scores, selection, selectors, storage
from generation.sets.models import Image, Score, Scoring

pytestmark = pytest.mark.django_db


def darkness(_user, name):
    """A judge for tests: the first byte's place says how real it looks."""
    if name == "gone":
        raise NotFound(name)
    return lambda paths: [int(path.stem) % 7 / 7 for path in paths]


@pytest.fixture(autouse=True)
def bench(monkeypatch):
    """One more room with judges, named by the person they belong to."""
    monkeypatch.setattr(judges, "_benches", dict(judges._benches))

    def offered(user):
        return [("seven", "Seven"), ("gone", "Gone")] if user.username == "alice" else []

    judges.register(judges.Bench("test", offered, f"{__name__}.darkness"))


def said(image_set, scorer="test:seven"):
    """Alice's set with what the judge of tests says of it."""
    rows = Image.objects.filter(image_set=image_set)
    scores.keep([(row, row.index % 7 / 7) for row in rows if row.index != 5], scorer)
    return image_set


def test_every_dotted_name_leads_somewhere():
    names = judges.dotted_names()
    assert "generation.lab.judging.load" in names
    assert all(
        callable(import_string(name)) for name in names if not name.startswith("generation.sets.pipeline")
    )


@pytest.mark.torch
def test_the_dotted_name_of_this_room_leads_somewhere():
    assert callable(import_string("generation.sets.pipeline.discriminator"))


@pytest.mark.torch
def test_a_set_is_judged_in_batches_and_only_where_it_is_not(api, alice, full_set, work):
    made = full_set(alice, 150)
    at = f"/api/v1/sets/{made.pk}"
    assert api.post(f"{at}/scores", {"scorer": "test:seven"}).status_code == 202
    work()
    found = {state["scorer"]: state for state in api.get(f"{at}/scores").json()["results"]}
    assert (found["test:seven"]["count"], found["test:seven"]["state"]) == (150, "done")
    assert found["test:seven"]["title"] == "Seven"
    assert found["test:gone"]["state"] == "none"
    images = api.get(f"{at}/images?page_size=200").json()["results"]
    assert all(image["scores"] == {"test:seven": pytest.approx(image["index"] % 7 / 7)} for image in images)
    Score.objects.filter(image__index__gte=100).delete()
    Score.objects.update(value=0.123)
    api.post(f"{at}/scores", {"scorer": "test:seven"})
    work()
    assert Score.objects.filter(value=0.123).count() == 100
    assert Score.objects.count() == 150


@pytest.mark.torch
def test_one_image_is_judged_in_the_short_queue(api, alice, full_set, work):
    made = full_set(alice, 9)
    image = made.images.get(index=3)
    answer = api.post(f"/api/v1/images/{image.pk}/scores", {"scorer": "test:seven"})
    assert answer.status_code == 202
    assert Job.objects.get().queue == "short"
    assert (
        api.post(f"/api/v1/images/{image.pk}/scores", {"scorer": "test:seven"}).json()["id"]
        == answer.json()["id"]
    )
    work()
    assert api.get(f"/api/v1/images/{image.pk}").json()["scores"] == {"test:seven": pytest.approx(3 / 7)}
    assert Score.objects.count() == 1


@pytest.mark.torch
def test_a_judge_that_is_gone_and_a_picture_that_is_broken_are_said(api, alice, full_set, work):
    made = full_set(alice, 3)
    at = f"/api/v1/sets/{made.pk}"
    api.post(f"{at}/scores", {"scorer": "test:gone"})
    work()
    assert Job.objects.get().code == "gone"
    assert api.post(f"{at}/scores", {"scorer": "test:nobody"}).status_code == 400
    assert api.post(f"{at}/scores", {"scorer": "lab:nobody"}).status_code == 400
    assert api.post(f"{at}/scores", {"scorer": "x" * 81}).status_code == 400


def test_another_persons_set_and_judge_are_not_there(api, alice, bob, full_set):
    made = full_set(alice, 3)
    api.force_authenticate(bob)
    assert api.post(f"/api/v1/sets/{made.pk}/scores", {"scorer": "test:seven"}).status_code == 404
    image = made.images.first()
    assert api.post(f"/api/v1/images/{image.pk}/scores", {"scorer": "test:seven"}).status_code == 404
    his = full_set(bob, 3)
    refused = api.post(f"/api/v1/sets/{his.pk}/scores", {"scorer": "test:seven"})
    assert (refused.status_code, refused.json()["code"]) == (400, "no_scorer")
    browser = Client()
    browser.force_login(bob)
    for name, key in (("judge", made.pk), ("judge_image", image.pk)):
        assert browser.post(reverse(f"sets:{name}", args=[key]), {"scorer": "test:seven"}).status_code == 404
    for name, key in (("judges", made.pk), ("image_said", image.pk)):
        assert browser.get(reverse(f"sets:{name}", args=[key])).status_code == 404
    assert not Scoring.objects.exists()


def test_filter_best_and_histogram_follow_the_scorer(api, alice, full_set):
    made = said(full_set(alice, 30))
    at = f"/api/v1/sets/{made.pk}"

    def numbers(query):
        answer = api.get(f"{at}/images?page_size=100&scorer=test:seven&{query}")
        return [image["index"] for image in answer.json()["results"]]

    assert numbers("min=0.8") == [6, 13, 20, 27]
    assert numbers("max=0.1&min=0") == [0, 7, 14, 21, 28]
    assert numbers("best=5") == [6, 12, 13, 20, 27]
    assert 5 not in numbers("min=0")
    by_own = api.get(f"{at}/images?page_size=100&min=0.8").json()["results"]
    assert {image["score"] for image in by_own} == {0.8, 0.9}
    bins = api.get(f"{at}/histogram?scorer=test:seven").json()["bins"]
    assert sum(bins) == 29
    assert bins[math.floor(6 / 7 * 20)] == 4
    assert sum(api.get(f"{at}/histogram").json()["bins"]) == 30
    assert api.get(f"{at}/images?scorer={'x' * 81}").status_code == 400
    assert api.get(f"{at}/images?scorer=nobody&min=0").json()["results"] == []


@pytest.mark.parametrize("sort", ["score", "-score"])
def test_pages_and_neighbours_walk_by_the_scorer(api, alice, full_set, sort):
    made = said(full_set(alice, 30))
    seen, address = [], f"/api/v1/sets/{made.pk}/images?scorer=test:seven&sort={sort}&page_size=7"
    while address:
        page = api.get(address).json()
        seen += [image["index"] for image in page["results"]]
        address = page["next"]
    known = [index for index in range(30) if index != 5]
    sign = -1 if sort == "-score" else 1
    wanted = [*sorted(known, key=lambda index: (sign * (index % 7), index)), 5]
    assert seen == wanted
    look = galleries.Look(sort, selection.Selection(scorer="test:seven"))
    images = {image.index: image for image in made.images.select_related("image_set")}
    for before, index, after in zip([None, *wanted[:-2]], wanted[:-1], wanted[1:-1], strict=False):
        found = galleries.neighbours(images[index], look)
        assert [image.index if image else None for image in found] == [before, after]


def test_the_address_of_a_look_keeps_the_scorer(alice, full_set):
    look = galleries.Look.of({"scorer": "lab:mine", "min": "0.5", "sort": "-score"})
    assert look.query == "sort=-score&min=0.5&scorer=lab%3Amine"


def test_the_page_asks_shows_and_sorts(alice, full_set):
    made = full_set(alice, 12)
    browser = Client()
    browser.force_login(alice)
    page = browser.get(reverse("sets:set", args=[made.pk])).content.decode()
    assert reverse("sets:judges", args=[made.pk]) in page
    assert "judged by its own model" not in page
    asked = browser.post(
        reverse("sets:judge", args=[made.pk]), {"scorer": "test:seven"}, headers={"HX-Request": "true"}
    )
    assert "every 1s" in asked.content.decode()
    Job.objects.all().delete()
    said(made)
    listed = browser.get(reverse("sets:judges", args=[made.pk])).content.decode()
    assert "11 images, on average" in listed
    assert "Judge the rest" in listed
    address = reverse("sets:set", args=[made.pk]) + "?scorer=test%3Aseven&sort=-score"
    page = browser.get(address).content.decode()
    assert '<option value="test:seven" selected>judged by Seven</option>' in page
    assert page.index('data-number="6"') < page.index('data-number="4"') < page.index('data-number="0"')
    assert '<span class="odds">0.86</span>' in page
    image = made.images.get(index=6)
    full = browser.get(reverse("sets:image", args=[image.pk])).content.decode()
    assert '<dt>Seven</dt><dd class="number">0.86</dd>' in full
    assert '<option value="test:seven"' not in full, "it has judged this one already"
    image = made.images.get(index=5)
    assert (
        '<option value="test:seven"'
        in browser.get(reverse("sets:image_said", args=[image.pk])).content.decode()
    )
    asked = browser.post(
        reverse("sets:judge_image", args=[image.pk]), {"scorer": "test:seven"}, headers={"HX-Request": "true"}
    )
    assert "Being judged" in asked.content.decode()


def test_a_lab_model_is_offered_to_its_owner_and_takes_its_word_along(alice, bob, full_set):
    fit = Fit.objects.create(owner=alice, name="model1", dataset_name="d", state="ready")
    Fit.objects.create(owner=alice, name="half", dataset_name="d")
    assert judges.Judge("lab:model1", "model1") in judges.offered(alice)
    assert not [judge for judge in judges.offered(alice) if judge.key == "lab:half"]
    assert not [judge for judge in judges.offered(bob) if judge.key.startswith("lab:")]
    with pytest.raises(NotFound):
        judges.load(bob, "lab:model1")
    made, his = said(full_set(alice, 3), "lab:model1"), said(full_set(bob, 3), "lab:model1")
    lab.delete_fit(by=alice, fit=fit)
    assert not Score.objects.filter(image__image_set=made).exists()
    assert Score.objects.filter(image__image_set=his).count() == 3


@pytest.mark.slow
@pytest.mark.torch
def test_a_lab_model_says_of_files_what_it_says_in_the_lab(api, alice, order, work, tmp_path, monkeypatch):
    """A real classifier on a tiny network, asked by path in the lab's way and through a job in ours."""
    import torch

    from generation.lab import pipeline
    from mlcore import classifier
    from mlcore.backbone import Backbone

    class Tiny(torch.nn.Module):
        def forward(self, x):
            return x.mean(dim=(2, 3))

    eye = Backbone("tiny", "a" * 64, Tiny().eval(), lambda x: x)
    monkeypatch.setattr(pipeline, "network", lambda weights: eye)
    made = order(20).image_set
    work()
    paths = [storage.image_path(made, index) for index in range(20)]
    samples = [(path, "real" if place % 2 else "fake") for place, path in enumerate(paths)]
    fit = Fit.objects.create(owner=alice, name="tiny", dataset_name="d", state="ready")
    pipeline.write_model(fit.path, classifier.fit(samples, classifier.FitSettings(epochs=3), eye))
    assert api.post(f"/api/v1/sets/{made.pk}/scores", {"scorer": "lab:tiny"}).status_code == 202
    work()
    wanted, _broken = classifier.predict(classifier.load(fit.path), paths, eye)
    rows = Score.objects.filter(scorer="lab:tiny").select_related("image")
    assert {row.image.index: row.value for row in rows} == {
        place: pytest.approx(wanted[path]["real"]) for place, path in enumerate(paths)
    }
    assert len({row.value for row in rows}) > 5
    paths[7].write_bytes(b"no image")
    assert judging.load(alice, "tiny")(paths[:3])
    Score.objects.all().delete()
    api.post(f"/api/v1/sets/{made.pk}/scores", {"scorer": "lab:tiny"})
    work()
    job = Job.objects.filter(kind=scores.SCORE_SET).latest("id")
    assert (job.state, job.code) == ("failed", "file_broken")
    assert "000007.png" in job.text
    assert selectors.images_of(made).count() == 20

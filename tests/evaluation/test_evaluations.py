"""A set is measured by the real handler: what is kept, what is refused and how it is said."""

import json

import cv2
import numpy as np
import pytest
import torch

from accounts.errors import Conflict, InvalidInput, NotFound, Unavailable
from generation.evaluation import grades, markdown, measuring, references, selectors, services
from generation.evaluation.models import Evaluation, Reference
from generation.jobs import services as jobs
from generation.jobs.models import Job
from generation.sets import storage
from generation.sets.models import Image
from mlcore import reference
from mlcore.data import sha256_of
from mlcore.models import features, inception

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.torch]


@pytest.mark.parametrize("wish", [{"extractor": "efficientnet-lite2"}, {"matched": True, "seed": 3}])
def test_the_headline_has_one_yardstick(palms, measured, wish):
    image_set = palms(12)
    headline = measured(image_set).image_set.quality
    other = measured(image_set, **wish)
    image_set.refresh_from_db()
    assert other.result["kid"] != headline["kid"]
    assert image_set.quality == headline


def test_a_set_is_measured_and_the_headline_stands_on_it(palms, measured, alice):
    image_set = palms(12)
    evaluation = measured(image_set)
    assert (evaluation.state, evaluation.n, evaluation.done_by) == ("done", 12, alice)
    result = evaluation.result
    low, high = result["kid_ci"]
    assert low <= result["kid"] <= high
    assert (result["n"], result["n_ref"], result["extractor"]) == (12, 314, "efficientnet-lite0")
    assert result["real"]["way"] == "other_people"
    assert set(result["intervals"]) == {
        "kid", "density", "precision", "duplicates"
    }  # fmt: skip
    assert image_set.quality == {
        "kid": result["kid"],
        "kid_ci": result["kid_ci"],
        "precision": result["precision"],
        "precision_ci": result["intervals"]["precision"],
        "recall": result["recall"],
        "recall_ci": None,
        "duplicates": result["duplicates"]["share"],
        "duplicates_ci": result["intervals"]["duplicates"],
        "suspicious_ci": None,
        "suspicious": None,
        "copies": None,
        "n": 12,
        "n_ref": 314,
        "reference": "palm-reference",
        "extractor": "efficientnet-lite0",
        "weights_sha256": result["weights_sha256"],
        "seen": "unknown",
        "real_kid": result["real"]["values"]["kid"],
        "real_precision": result["real"]["values"]["precision"],
        "real_recall": result["real"]["values"]["recall"],
        "verdict": grades.overall(result),
        "evaluation": str(evaluation.pk),
    }


def test_features_are_looked_up_the_second_time(palms, measured, monkeypatch):
    image_set = palms(12)
    first = measured(image_set)

    def never(*_images):
        raise AssertionError("an image was looked at twice")

    monkeypatch.setattr(features.Extractor, "forward", never)
    monkeypatch.setattr(measuring, "_opened", never)
    Image.objects.filter(image_set=image_set, index=3).update(deleted_at="2026-01-01T00:00:00Z")
    second = measured(image_set)
    assert (first.n, second.n, second.state) == (12, 11, "done")
    first.refresh_from_db()
    assert first.result["n"] == 12
    assert list(selectors.evaluations_of(image_set)) == [second, first]


def test_as_many_real_palms_may_be_drawn_by_a_seed(palms, measured):
    image_set = palms(12)
    one, same, other = (measured(image_set, matched=True, seed=seed) for seed in (5, 5, 6))
    assert one.result["n_ref"] == 12
    assert one.result["kid"] == same.result["kid"] != other.result["kid"]


def test_the_same_wish_twice_is_one_measurement(palms, alice):
    image_set = palms(12)
    one, two = (services.evaluate(by=alice, image_set=image_set) for _ in range(2))
    assert one == two
    assert services.evaluate(by=alice, image_set=image_set, seed=1) != one


@pytest.mark.parametrize("count", [1, 2, 9])
def test_too_few_images_are_refused_with_the_number(palms, alice, count):
    with pytest.raises(Conflict, match=f"The set has {count} images; below 10"):
        services.evaluate(by=alice, image_set=palms(count))


def test_too_few_that_are_left_when_its_turn_comes_are_a_reason(palms, work, alice):
    image_set = palms(12)
    evaluation = services.evaluate(by=alice, image_set=image_set)
    Image.objects.filter(image_set=image_set, index__gte=4).update(deleted_at="2026-01-01T00:00:00Z")
    work()
    evaluation.refresh_from_db()
    assert (evaluation.state, evaluation.code) == ("failed", "too_few_images")
    assert evaluation.text.startswith("The set has 4 images; below 10")


def test_one_colour_is_an_answer(palms, measured):
    image_set = palms(12)
    grey = cv2.imencode(".png", np.full((64, 64, 3), 128, dtype=np.uint8))[1].tobytes()
    for image in image_set.images.all():
        storage.image_path(image_set, image.index).write_bytes(grey)
    Image.objects.filter(image_set=image_set).update(pixels_sha256="f" * 64)
    evaluation = measured(image_set)
    assert evaluation.is_done, evaluation.text
    assert ("vendi", "all_alike") in {(one["measure"], one["code"]) for one in evaluation.result["verdicts"]}
    assert evaluation.result["duplicates"]["sizes"] == [12]
    json.dumps(evaluation.result, allow_nan=False)


@pytest.mark.parametrize(("damage", "code"), [(None, "image_gone"), (b"no image", "image_broken")])
def test_a_damaged_image_is_named(palms, measured, damage, code):
    image_set = palms(12)
    path = storage.image_path(image_set, 7)
    path.unlink() if damage is None else path.write_bytes(damage)
    evaluation = measured(image_set)
    assert (evaluation.state, evaluation.code) == ("failed", code)
    assert "7" in evaluation.text
    assert image_set.quality == {}


def test_stopping_leaves_a_word_and_trying_again_measures(palms, work, alice):
    evaluation = services.evaluate(by=alice, image_set=palms(12))
    jobs.cancel(by=alice, job=evaluation.job)
    evaluation.refresh_from_db()
    assert (evaluation.state, bool(evaluation.text)) == ("cancelled", True)
    jobs.retry(by=alice, job=Job.objects.get(pk=evaluation.job_id))
    work()
    evaluation.refresh_from_db()
    assert (evaluation.state, evaluation.text) == ("done", "")


def test_only_the_owner_measures(palms, charlie):
    with pytest.raises(NotFound):
        services.evaluate(by=charlie, image_set=palms(12))


@pytest.mark.parametrize(
    ("wish", "field"),
    [({"reference": "none"}, "reference"), ({"extractor": "none"}, "extractor"), ({"seed": -1}, "seed")],
)
def test_what_cannot_be_is_refused_by_field(palms, alice, wish, field):
    with pytest.raises(InvalidInput) as refused:
        services.evaluate(by=alice, image_set=palms(12), **wish)
    assert set(refused.value.fields) == {field}


def test_without_the_standard_weights_nothing_is_called_fid(palms, measured, alice):
    image_set = palms(12)
    with pytest.raises(Unavailable, match="PALMSITE_INCEPTION"):
        services.evaluate(by=alice, image_set=image_set, kind="fid")
    assert "fid" not in measured(image_set).result


def test_fid_with_weights_and_a_bank(palms, measured, alice, settings, tmp_path):
    torch.manual_seed(0)
    weights = tmp_path / "inception.pth"
    torch.save(inception.InceptionV3().state_dict(), weights)
    settings.PALMSITE_INCEPTION = str(weights)
    settings.PALMSITE_INCEPTION_SHA256 = sha256_of(weights)
    image_set = palms(12)
    with pytest.raises(Unavailable, match="no reference was measured"):
        services.evaluate(by=alice, image_set=image_set, kind="fid")
    extractor = features.load("inception-v3", weights, runtime="torch")
    rows = extractor(np.random.default_rng(0).integers(0, 255, (16, 32, 32, 3), dtype=np.uint8)).numpy()
    bank = reference.build(rows, [str(i) for i in range(16)], extractor, name="ours")
    (settings.PALMSITE_DATA / "references").mkdir(parents=True, exist_ok=True)
    reference.save(bank, settings.PALMSITE_DATA / "references" / "ours.safetensors")
    references.sync()
    evaluation = measured(image_set, kind="fid")
    assert evaluation.is_done, evaluation.text
    assert evaluation.reference_name == "ours"
    assert evaluation.result["fid"] == evaluation.result["fd"]
    assert image_set.quality == {
        "fid": evaluation.result["fid"],
        "fid_n": 12,
        "fid_n_ref": 16,
        "fid_reference": "ours",
        "fid_weights_sha256": evaluation.result["weights_sha256"],
        "real_fid": evaluation.result["real"]["values"]["fd"],
        "fid_evaluation": str(evaluation.pk),
    }
    palms_alone = selectors.reference_named(alice, "palm-reference")
    with pytest.raises(InvalidInput, match="palm-reference was never measured in FID's network"):
        services.evaluate(by=alice, image_set=image_set, kind="fid", reference=str(palms_alone.pk))
    with pytest.raises(InvalidInput, match="FID is measured in its own network"):
        services.evaluate(by=alice, image_set=image_set, kind="fid", extractor="efficientnet-lite0")
    card = markdown.of_set(image_set, 12)
    assert card.startswith("### FID") and "real palms of ours" in card
    assert f"weights `{evaluation.result['weights_sha256'][:12]}`" in card
    assert Reference.objects.filter(name="ours").exists()
    assert Evaluation.objects.get().kind == "fid"

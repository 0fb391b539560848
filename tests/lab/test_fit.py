"""Fitting and asking: what is kept, what a stop leaves, what an unusual file does."""

import math
import re
import subprocess
import sys
from datetime import timedelta
from functools import partial

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone, translation

from accounts import belongings, ledger
from accounts.errors import DomainError, OverQuota
from generation.jobs import services as jobs
from generation.jobs import tasks
from generation.jobs.context import JobContext
from generation.lab import charts, limits, messages, personal_data, pipeline, selectors, services, storage
from generation.lab import tasks as lab_tasks
from generation.lab.models import Dataset, Fit, Prediction
from generation.uploads import policies
from mlcore import backbone

from .conftest import picture, tree

# Data sets are read and models fitted by their real handlers.
pytestmark = [pytest.mark.slow, pytest.mark.torch]


def test_features_are_kept_for_the_next_fit(alice, fitted, read, monkeypatch):
    from generation.lab import pipeline

    dataset = read(alice)
    fitted(alice, "one", dataset)
    eye = pipeline.network(None)

    def fail(*_arguments):
        raise AssertionError("computed again")

    monkeypatch.setattr(eye, "embed", fail)
    again = fitted(alice, "two", dataset, C=10.0)
    assert again.is_ready
    assert again.report["confusion"] == Fit.objects.get(name="one").report["confusion"]


def kept_features(dataset):
    return sorted(path.name for path in dataset.folder.glob("features-*"))


def test_kept_features_are_charged_once_and_given_back(alice, fitted, read):
    dataset = read(alice)
    before = ledger.usage(alice)["datasets"].size
    fitted(alice, "one", dataset)
    fitted(alice, "two", dataset)
    dataset.refresh_from_db()
    (name,) = kept_features(dataset)
    assert dataset.features == {name: 24 * 8 * 2}
    assert ledger.usage(alice)["datasets"].size == before + 24 * 8 * 2
    fitted(alice, "larger", dataset, input_size=64)
    dataset.refresh_from_db()
    assert sorted(dataset.features) == kept_features(dataset)
    assert ledger.usage(alice)["datasets"].size == before + 2 * 24 * 8 * 2
    services.delete_dataset(by=alice, dataset=dataset)
    assert (ledger.usage(alice)["datasets"].used, ledger.usage(alice)["bytes"].used) == (0, 0)


def test_without_room_for_features_a_model_is_fitted_and_they_go(alice, fitted, read):
    dataset = read(alice)
    alice.quota_stored_bytes = ledger.usage(alice)["bytes"].used + 100
    alice.save()
    fit = fitted(alice, "one", dataset)
    assert fit.is_ready
    dataset.refresh_from_db()
    assert (dataset.features, kept_features(dataset)) == ({}, [])
    assert [path.name for path in fit.path.parent.iterdir()] == [fit.path.name]
    alice.quota_stored_bytes = None
    alice.save()
    kept = fitted(alice, "two", dataset)
    assert kept.report["roc"] == fit.report["roc"]
    assert len(kept_features(dataset)) == 1


def test_features_go_on_where_a_lost_worker_left_them(alice, read, on_commit, monkeypatch):
    from generation.jobs.errors import LeaseLost
    from generation.jobs.leases import Claim
    from generation.jobs.models import Job
    from generation.lab import pipeline
    from mlcore import classifier

    dataset = read(alice)
    monkeypatch.setattr(classifier, "CHUNK", 6)
    made = services.fit(by=alice, name="m", dataset_name=dataset.name, wish={"input_size": 32})
    eye, embed, calls = pipeline.network(None), pipeline.network(None).embed, []

    def lose(pictures, size):
        calls.append(len(pictures))
        if len(calls) == 3:
            assert jobs.release(Claim.of(Job.objects.get(state="running")))
            raise LeaseLost
        return embed(pictures, size)

    assert eye.width == 8  # known before, so that only images are counted
    with monkeypatch.context() as patch:
        patch.setattr(eye, "embed", lose)
        tasks.run_next("long")
    made.refresh_from_db()
    assert made.is_waiting
    monkeypatch.setattr(
        eye, "embed", lambda pictures, size: calls.append(len(pictures)) or embed(pictures, size)
    )
    tasks.run_next("long")
    made.refresh_from_db()
    assert made.is_ready
    assert calls == [6, 6, 6, 6, 6]
    assert len(kept_features(dataset)) == 1


def test_a_torn_table_of_features_is_made_again(alice, fitted, read):
    dataset = read(alice)
    whole = fitted(alice, "one", dataset)
    (name,) = kept_features(dataset)
    with (dataset.folder / name).open("r+b") as file:
        file.truncate(300)
    assert fitted(alice, "two", dataset).report["roc"] == whole.report["roc"]


def test_one_pass_over_the_data_shows_its_way(alice, fitted, read):
    fit = fitted(alice, "m", read(alice), num_epochs=1, batch_size=2)
    passed = [row["epoch"] for row in fit.history]
    assert len(passed) == 9
    assert passed == sorted(passed)
    assert passed[-2:] == [1, 1]
    places = [float(pair.split(",")[0]) for pair in charts.loss(fit).lines[0].points.split()]
    assert places == sorted(set(places))
    assert (len(places), places[-1]) == (9, charts.WIDTH - charts.RIGHT)


def test_the_loss_of_few_images_is_what_the_finished_model_has(alice, fitted):
    fit = fitted(alice, num_epochs=1)
    assert [row["epoch"] for row in fit.history] == [1, 1]
    first, last = (row["loss"] for row in fit.history)
    assert first == pytest.approx(math.log(2), abs=1e-6)
    assert last < first
    assert charts.loss(fit).lines[0].label == f"{last:.4f}"


def test_images_that_a_model_learned_from_and_is_judged_on_are_counted(alice, fitted, read):
    leaky = read(alice, tree(more={"test/fake/again.png": picture("trainreal0", light=True)}))
    assert fitted(alice, "leaky", leaky).in_both == 1
    assert fitted(alice, "clean", read(alice, name="clean")).in_both == 0


def test_a_file_that_holds_no_resnet18_fails_in_words_that_name_it(
    alice, fitted, read, settings, tmp_path, monkeypatch
):
    weights = tmp_path / "resnet18.pth"
    weights.write_bytes(b"no weights")
    settings.PALMSITE_LAB = settings.PALMSITE_LAB | {"resnet18_weights": str(weights)}
    monkeypatch.setattr(pipeline, "network", backbone.load)
    fit = fitted(alice, backbone="ResNet18")
    assert (fit.state, fit.code) == ("failed", "bad_weights")
    assert fit.text.startswith("The file PALMSITE_DATA/weights/resnet18.pth of this site does not hold")


def test_its_job_tells_how_far_it_has_learned(alice, fitted, monkeypatch):
    told = []

    def progress(context, done, total=None, message="", params=None):
        told.append((done, total, message))

    monkeypatch.setattr(JobContext, "progress", progress)
    monkeypatch.setattr(lab_tasks, "EVERY_SECONDS", 0)
    fitted(alice, num_epochs=4)
    learned = [(done, total) for done, total, message in told if message == messages.LEARNING]
    assert learned[0][0] > 0
    assert learned[-1] == (4 * 16, 4 * 16)
    assert learned == sorted(learned)


def test_the_same_wish_gives_the_same_model(alice, fitted, read):
    dataset = read(alice)
    one, two = fitted(alice, "one", dataset, seed=5), fitted(alice, "two", dataset, seed=5)
    assert one.history == two.history
    assert one.path.read_bytes() == two.path.read_bytes()


def test_stopping_leaves_no_weights_and_can_be_tried_again(alice, read, on_commit):
    dataset = read(alice)
    made = services.fit(by=alice, name="m", dataset_name=dataset.name, wish={"input_size": 32})
    job = selectors.job_of(made)
    jobs.cancel(by=alice, job=job)
    made.refresh_from_db()
    assert (made.state, made.code, made.text) == ("failed", "stopped", "Stopped, as you asked.")
    jobs.retry(by=alice, job=job)
    made.refresh_from_db()
    assert made.is_waiting
    tasks.run_next("long")
    made.refresh_from_db()
    assert made.is_ready
    assert made.path.is_file()


def test_a_data_set_that_is_gone_is_said(alice, read, on_commit):
    dataset = read(alice)
    made = services.fit(by=alice, name="m", dataset_name=dataset.name, wish={})
    services.delete_dataset(by=alice, dataset=dataset)
    tasks.run_next("long")
    made.refresh_from_db()
    assert (made.state, made.code) == ("failed", "dataset_gone")


def test_the_answer_says_which_network(alice, read, settings, tmp_path):
    assert limits.available_backbone("ResNet18") == "EfficientNet-Lite0"
    weights = tmp_path / "resnet18.pth"
    weights.write_bytes(b"x")
    settings.PALMSITE_LAB = settings.PALMSITE_LAB | {"resnet18_weights": str(weights)}
    assert limits.available_backbone("ResNet18") == "ResNet18"
    assert limits.available_backbone("EfficientNet-Lite0") == "EfficientNet-Lite0"


def test_limits_are_those_of_the_classifier():
    from mlcore.classifier import FitSettings

    names = {"num_epochs": "epochs"}
    for name, bounds in limits.FIT_RANGES.items():
        for value in bounds:
            FitSettings(**{names.get(name, name): value})


def one_asked(alice, fitted):
    services.set_fit(by=alice, fit=fitted(alice))
    image = SimpleUploadedFile("new.png", picture("new"), "image/png")
    prediction, _job = services.predict(by=alice, files=[image])
    return prediction


def test_a_prediction_that_fails_keeps_no_image_and_says_so_in_one_language(alice, fitted, caplog):
    prediction = one_asked(alice, fitted)
    prediction.fit.path.write_bytes(b"no model")
    tasks.run_next("short")
    prediction.refresh_from_db()
    assert (prediction.state, prediction.code) == ("failed", "no_answer")
    assert not prediction.folder.exists()
    assert str(prediction.pk) in caplog.text
    with translation.override("ru"):
        assert not re.search(r"[a-z]", prediction.text)


def test_what_is_asked_takes_room_until_it_goes(alice, fitted):
    def used():
        return ledger.usage(alice)["bytes"].used

    services.set_fit(by=alice, fit=fitted(alice))
    before, image = used(), picture("new")
    ask = partial(services.predict, by=alice)
    prediction, _job = ask(files=[SimpleUploadedFile("new.png", image, "image/png")])
    assert used() == before + len(image)
    tasks.run_next("short")
    prediction.refresh_from_db()
    shown = sum(path.stat().st_size for path in prediction.folder.iterdir())
    assert used() == before + shown == before + prediction.size
    services.delete_prediction(by=alice, prediction=prediction)
    assert used() == before
    failed, _job = ask(files=[SimpleUploadedFile("new.png", image, "image/png")])
    failed.fit.path.write_bytes(b"no model")
    tasks.run_next("short")
    assert used() == before
    services.forget_prediction(failed)
    assert used() == before


def test_without_room_nothing_is_asked_or_shown(alice, fitted, monkeypatch):
    services.set_fit(by=alice, fit=fitted(alice))
    alice.quota_stored_bytes = ledger.usage(alice)["bytes"].used + 100
    alice.save()
    image = SimpleUploadedFile("new.jpg", picture("new"), "image/jpeg")
    with pytest.raises(OverQuota):
        services.predict(by=alice, files=[image])
    assert not Prediction.objects.exists()
    alice.quota_stored_bytes += len(picture("new"))
    alice.save()
    image.seek(0)
    prediction, _job = services.predict(by=alice, files=[image])
    monkeypatch.setattr(storage, "pictures_bytes", lambda folder: 10**9)
    tasks.run_next("short")
    prediction.refresh_from_db()
    assert (prediction.state, prediction.code) == ("failed", "over_quota_bytes")
    assert not prediction.folder.exists()
    monkeypatch.setattr(policies, "free_bytes", lambda: 0)
    image.seek(0)
    with pytest.raises(DomainError) as full:
        services.predict(by=alice, files=[image])
    assert full.value.status == 507


def test_predictions_go_after_their_days(alice, fitted):
    prediction = one_asked(alice, fitted)
    tasks.run_next("short")
    assert list(belongings.missing()) == []
    Prediction.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert not selectors.predictions_of(alice).exists()
    for leftover in belongings.leftovers():
        leftover.remove()
    assert not Prediction.objects.exists()
    assert not prediction.folder.exists()


def test_a_person_takes_all_along_and_leaves_nothing(alice, bob, fitted, settings):
    one_asked(alice, fitted)
    tasks.run_next("short")
    other = fitted(bob)
    taken = dict(personal_data.export(alice))
    assert {"datasets.json", "models.json", "predictions.json", "models/model1.safetensors"} <= set(taken)
    assert len([path for path in taken if path.startswith("datasets/palms/train/real/")]) == 8
    assert len([path for path in taken if path.startswith("predictions/")]) == 2
    personal_data.erase(alice)
    assert [fit.pk for fit in Fit.objects.all()] == [other.pk]
    left = [path for path in (settings.MEDIA_ROOT / "lab").rglob("*") if path.is_file()]
    assert all(str(other.pk) in str(path) or str(other.dataset_id) in str(path) for path in left)
    assert Dataset.objects.count() == 1


@pytest.mark.usefixtures("real_network")
def test_the_real_network_tells_the_sample_and_shows_where_it_looked(alice, fitted, read):
    from generation.lab import sample, storage
    from mlcore import images

    dataset = read(alice, data=sample.archive())
    fit = fitted(alice, "m", dataset, num_epochs=20, input_size=64)
    assert fit.report["backbone"] == "EfficientNet-Lite0"
    assert fit.accuracy > 0.9
    services.set_fit(by=alice, fit=fit)
    files = [
        SimpleUploadedFile(f"{label}.png", sample.picture(f"new {label}", is_real=label == "real"))
        for label in ("real", "fake")
    ]
    prediction, _job = services.predict(by=alice, files=files)
    tasks.run_next("short")
    prediction.refresh_from_db()
    assert [result["verdict"] for result in prediction.results] == ["REAL", "FAKE"]
    assert all(result["has_map"] for result in prediction.results)
    places = images.decode(storage.map_path(prediction.folder, 0).read_bytes())
    assert places.shape == (64, 64, 3)


def test_the_web_process_knows_no_torch():
    code = (
        "import os, sys, django; os.environ['DJANGO_SETTINGS_MODULE'] = 'palmsite.settings'; django.setup();"
        "from django.urls import get_resolver; get_resolver().url_patterns;"
        "import generation.lab.views, generation.lab.api, generation.uploads.api;"
        "assert 'torch' not in sys.modules and 'cv2' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

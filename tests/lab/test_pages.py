"""The five pages: each says what is missing, shows what there is, and is its owner's alone."""

import re
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils import translation

from generation.jobs import tasks
from generation.lab import charts, sample, services
from generation.lab.forms import PredictForm
from generation.lab.models import Dataset, Fit, Prediction, State

from .conftest import picture, tree, zipped

# Data sets are read and models fitted by their real handlers.
pytestmark = pytest.mark.slow

EMPTY = ["lab:home", "lab:look", "lab:fit", "lab:models", "lab:predict", "lab:compose"]


@pytest.fixture
def as_alice(client, alice):
    client.force_login(alice)
    return client


def text_of(response):
    return response.content.decode()


def page(client, name, *args):
    response = client.get(reverse(name, args=args))
    assert response.status_code == 200
    drawn = text_of(response)
    assert " style=" not in drawn
    assert not re.search(r"<script(?![^>]*\bsrc=)", drawn)
    return drawn


@pytest.mark.parametrize("name", EMPTY)
def test_nothing_is_hidden_and_strangers_sign_in(client, alice, name):
    assert client.get(reverse(name)).status_code == 302
    client.force_login(alice)
    drawn = page(client, name)
    assert drawn.count("<li") >= 5
    assert 'aria-current="step"' in drawn


def test_what_is_missing_is_said(as_alice, settings):
    assert "There is no data yet" in page(as_alice, "lab:look")
    assert "A data set is missing" in page(as_alice, "lab:fit")
    assert "No model yet" in page(as_alice, "lab:models")
    assert "No model is set" in page(as_alice, "lab:predict")
    home = page(as_alice, "lab:home")
    assert "train/" in home
    assert filesizeformat(settings.PALMSITE_LAB["archive_bytes"]) in home
    assert filesizeformat(settings.PALMSITE_LAB["image_bytes"]) in home


def test_the_whole_way_without_script(as_alice, alice, on_commit):
    archive = SimpleUploadedFile("palms.zip", zipped(tree()), "application/zip")
    sent = as_alice.post(reverse("lab:home"), {"file": archive, "id": ""})
    assert sent.url == reverse("lab:dataset", args=["palms"])
    assert "/lab/live/data/palms" in page(as_alice, "lab:dataset", "palms")
    tasks.run_next("long")
    drawn = page(as_alice, "lab:dataset", "palms")
    assert "24 images" in drawn
    assert drawn.count(".png") == 4
    assert "A picture that was saved again is another file and is not found" in drawn
    sheet = as_alice.get(reverse("lab:mosaic", args=["palms", "train", "real"]))
    assert b"".join(sheet.streaming_content).startswith(b"\x89PNG")
    wishes = page(as_alice, "lab:fit")
    assert 'value="model1"' in wishes
    assert "ResNet18: its weights are not on this site, EfficientNet-Lite0 is taken" in wishes
    assert '<option value="EfficientNet-Lite0" selected>' in wishes
    wish = {"dataset": "palms", "backbone": "ResNet18", "input_size": 32, "batch_size": 8}
    wish |= {"lr": 0.03, "C": 0.1, "num_epochs": 3, "seed": 0}
    assert as_alice.post(reverse("lab:fit"), wish | {"id": "a/b"}).status_code == 400
    for name in ("model1", "model2"):
        made = as_alice.post(reverse("lab:fit"), wish | {"id": name})
        assert made.url == reverse("lab:model", args=[name])
        assert f"/lab/live/models/{name}" in page(as_alice, "lab:model", name)
        tasks.run_next("long")
    one = page(as_alice, "lab:model", "model1")
    assert one.count('<svg class="chart"') == 3
    assert "1.0000" in one
    compared = page(as_alice, "lab:models")
    assert "line line--1" in compared
    assert "line line--2" in compared
    assert as_alice.post(reverse("lab:model-set", args=["model2"])).url == reverse("lab:predict")
    assert "model2" in page(as_alice, "lab:predict")
    image = SimpleUploadedFile("new.png", picture("new", light=True), "image/png")
    asked = as_alice.post(reverse("lab:predict"), {"images": [image], "threshold": "0.6"})
    found = Prediction.objects.get()
    assert asked.url == reverse("lab:prediction", args=[found.pk])
    assert "?part=1" in page(as_alice, "lab:prediction", found.pk)
    tasks.run_next("short")
    drawn = page(as_alice, "lab:prediction", found.pk)
    assert "The image is REAL" in drawn
    assert "?part=1" not in drawn
    assert {path.suffix for path in Path(found.folder).iterdir()} == {".png"}
    part = as_alice.get(reverse("lab:prediction", args=[found.pk]), {"part": 1})
    assert text_of(part).lstrip().startswith("<div")
    as_alice.post(reverse("lab:model-delete", args=["model1"]))
    as_alice.post(reverse("lab:dataset-delete", args=["palms"]))
    assert (Dataset.objects.count(), Fit.objects.count()) == (0, 1)


def test_a_live_page_is_drawn_anew_when_it_is_made(as_alice, alice, upload, on_commit):
    sent = upload(alice, zipped(tree()))
    services.create_dataset(by=alice, name="palms", upload_id=sent.pk)
    address = reverse("lab:live", args=["data", "palms"])
    assert "HX-Refresh" not in as_alice.get(address)
    tasks.run_next("long")
    assert as_alice.get(address)["HX-Refresh"] == "true"


def test_a_refusal_stands_on_the_page(as_alice, alice, read):
    read(alice, data=b"no archive at all")
    drawn = page(as_alice, "lab:dataset", "palms")
    assert "This is no zip, tar or tar.gz archive" in drawn
    again = as_alice.post(reverse("lab:home"), {"id": "x"})
    assert again.status_code == 400
    assert "Choose an archive first" in text_of(again)


def test_what_leaks_and_what_is_not_used_is_named(as_alice, alice, read):
    read(alice, tree(more={"test/fake/again.png": picture("trainreal0", light=True), "notes/1.txt": b"x"}))
    drawn = page(as_alice, "lab:dataset", "palms")
    assert "<code>train/real/0.png</code> = <code>test/fake/again.png</code>" in drawn
    assert "1 file stood outside of the tree and is not used." in drawn


def test_who_names_no_data_sees_the_latest_that_is_ready(as_alice, alice, read):
    read(alice, name="first")
    read(alice, name="second")
    read(alice, name="broken", data=b"no archive at all")
    assert as_alice.get(reverse("lab:look")).url == reverse("lab:dataset", args=["second"])


def test_what_always_saying_the_larger_kind_reaches_is_said(as_alice, alice, read):
    few_real = {name: data for name, data in tree().items() if name != "test/real/0.png" or "train" in name}
    read(alice, few_real, name="near")
    assert "Always saying" not in page(as_alice, "lab:dataset", "near")
    more = {f"test/fake/more{number}.png": picture(f"more{number}") for number in range(12)}
    read(alice, tree(more=more), name="far")
    drawn = page(as_alice, "lab:dataset", "far")
    assert "Always saying “made” would reach an accuracy of 0.8000 on the test images." in drawn


def test_images_in_train_and_test_are_told_where_models_are_judged(as_alice, alice, fitted, read):
    fitted(alice, "clean", read(alice, name="clean"))
    assert "which it has not learned from" in page(as_alice, "lab:models")
    leaky = read(alice, tree(more={"test/fake/again.png": picture("trainreal0", light=True)}), name="leaky")
    fitted(alice, "leaky", leaky)
    compared = page(as_alice, "lab:models")
    assert "which it has not learned from" not in compared
    assert compared.count("1 file in train and test") == 1
    assert "1 file is in both, so the accuracy looks better than it is." in page(
        as_alice, "lab:model", "leaky"
    )
    assert "is in both" not in page(as_alice, "lab:model", "clean")


def test_what_half_and_the_threshold_are_for_is_said(as_alice, alice, fitted):
    fitted(alice, input_size=64)
    drawn = page(as_alice, "lab:model", "model1")
    assert "said real from a probability of 0.5. An answer about a new image asks for 0.60" in drawn
    as_alice.defaults["HTTP_ACCEPT_LANGUAGE"] = "ru"
    assert "64 пикселя" in page(as_alice, "lab:model", "model1")


def test_where_the_weights_of_resnet18_go_is_said_beside_the_choice(as_alice, alice, read):
    read(alice)
    assert "PALMSITE_DATA/weights/resnet18.pth" in page(as_alice, "lab:fit")


def test_a_prediction_is_deleted_by_its_button(as_alice, alice, fitted):
    services.set_fit(by=alice, fit=fitted(alice))
    asked, _job = services.predict(
        by=alice, files=[SimpleUploadedFile("new.png", picture("new"), "image/png")]
    )
    tasks.run_next("short")
    address = reverse("lab:prediction-delete", args=[asked.pk])
    assert f'action="{address}"' in page(as_alice, "lab:prediction", asked.pk)
    assert as_alice.post(address).url == reverse("lab:predict")
    assert not Prediction.objects.exists()
    assert not asked.folder.exists()


def judged(number, dataset="palms"):
    report = {"roc": [[0.0, 0.0], [1.0, 1.0]], "roc_auc": 0.5, "accuracy": 0.5}
    return Fit(name=f"m{number}", dataset_name=dataset, report=report)


def test_curves_that_are_not_drawn_are_told_and_each_names_its_data():
    assert charts.roc([judged(number) for number in range(6)]).note == ""
    chart = charts.roc([judged(number, f"data{number}") for number in range(7)])
    assert chart.note == "The 6 latest models are drawn."
    assert [line.label for line in chart.lines][:2] == ["m0 (data0) 0.500", "m1 (data1) 0.500"]
    assert chart.rows[1] == ["m1", "data1", "0.5000", "0.5000"]


def test_a_kind_of_image_that_is_not_named_is_not_taken(as_alice, alice, read):
    dataset = read(alice, tree(more={"train/real/old.bmp": picture("old", kind="BMP")}))
    assert dataset.images == 24
    drawn = page(as_alice, "lab:dataset", "palms")
    assert "<code>train/real/old.bmp</code>: This is no JPEG, PNG or WebP image." in drawn


def test_the_refusal_of_a_number_shows_one_that_is_taken():
    with translation.override("ru"):
        assert PredictForm({"threshold": "0,5"}).errors == {"threshold": ["Напишите число, например 0.5."]}
        assert PredictForm({"threshold": "0.5"}).is_valid()


def test_composing_without_a_set_says_what_is_missing(as_alice):
    drawn = page(as_alice, "lab:compose")
    assert "A set is missing" in drawn
    assert "the same file, byte for byte, never stands on both sides" in drawn
    assert '<form method="post" enctype' not in drawn


def test_numbers_are_written_as_their_reader_writes_them(as_alice, alice, fitted):
    fitted(alice)
    as_alice.defaults["HTTP_ACCEPT_LANGUAGE"] = "ru"
    for name, args in (("lab:dataset", ["palms"]), ("lab:model", ["model1"]), ("lab:models", [])):
        shown = re.sub(r"<[^>]*>", " ", page(as_alice, name, *args).partition("<main")[2])
        assert not re.search(r"\d\.\d", shown), name
        assert re.search(r"\d,\d{3}", shown), name


def test_numbers_of_charts_are_rounded_and_not_cut():
    fit = Fit(name="m", history=[{"epoch": 0.5, "loss": 0.98766}, {"epoch": 1, "loss": 0.12345678}])
    chart = charts.loss(fit)
    assert chart.lines[0].label == "0.1235"
    assert chart.y_ticks[1].label == "0.988"
    assert chart.rows == [["0.5", "0.9877"], ["1", "0.1235"]]
    assert (charts.written(1787.03125), charts.written(12000)) == ("1,787.0312", "12,000")


def test_pages_are_the_owners(client, alice, charlie, fitted):
    fit = fitted(alice)
    services.set_fit(by=alice, fit=fit)
    image = SimpleUploadedFile("new.png", picture("new"), "image/png")
    asked, _job = services.predict(by=alice, files=[image])
    client.force_login(charlie)
    for name, args in (
        ("lab:dataset", ["palms"]),
        ("lab:mosaic", ["palms", "train", "real"]),
        ("lab:model", ["model1"]),
        ("lab:prediction", [asked.pk]),
        ("lab:live", ["data", "palms"]),
        ("lab:live", ["models", "model1"]),
    ):
        assert client.get(reverse(name, args=args)).status_code == 404, name
    for name, args in (
        ("lab:dataset-delete", ["palms"]),
        ("lab:model-set", ["model1"]),
        ("lab:model-delete", ["model1"]),
        ("lab:prediction-delete", [asked.pk]),
    ):
        assert client.post(reverse(name, args=args)).status_code == 404, name
    assert (Dataset.objects.count(), Fit.objects.count()) == (1, 1)


def test_the_sample_is_an_archive_that_can_be_read(as_alice, alice, read):
    answer = as_alice.get(reverse("lab:sample"))
    assert answer["Content-Type"] == "application/zip"
    assert answer.content == sample.archive()
    dataset = read(alice, data=answer.content)
    assert (dataset.state, dataset.images) == (State.READY, 64)
    assert dataset.eda["duplicates"]["across"] == 0

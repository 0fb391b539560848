"""The story of the API: an archive, its numbers, a model, the choice, an answer; and nobody else sees any of it."""

import io
import threading

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import translation
from drf_spectacular.generators import SchemaGenerator

from accounts import tokens
from generation.jobs import selectors as job_selectors
from generation.jobs import tasks
from generation.lab import waiting
from generation.lab.models import Dataset, Fit, Prediction

from .conftest import picture, tree, zipped

# Data sets are read and models fitted by their real handlers.
pytestmark = pytest.mark.slow


def by_token(user):
    _token, key = tokens.create(by=user, name="t", read_only=False, days=1)
    return {"HTTP_AUTHORIZATION": f"Token {key}"}


@pytest.fixture
def works(monkeypatch):
    """A worker that does short work as soon as somebody waits for it."""

    def wait(job, *, seconds):
        assert seconds == 10.0
        tasks.run_next("short")
        job.refresh_from_db()
        return job

    monkeypatch.setattr(job_selectors, "wait_until_ended", wait)


def send(client, address, data, **more):
    return client.post(reverse(address), data, content_type="application/json", **more)


def ask(client, *images, **more):
    files = [SimpleUploadedFile(f"{n}.png", data, "image/png") for n, data in enumerate(images)]
    return client.post(reverse("api-lab-predict"), {"images": files} | more.pop("form", {}), **more)


@pytest.mark.parametrize(
    ("language", "is_set", "is_real", "no_image"),
    [
        ("en", "'m' is set for inference.", "The image is REAL", "This is no JPEG, PNG or WebP image."),
        (
            "ru",
            "Модель «m» выбрана для работы.",
            "Изображение является РЕАЛЬНЫМ",
            "Это не изображение JPEG, PNG или WebP.",
        ),
    ],
)
def test_the_whole_story(client, alice, works, on_commit, language, is_set, is_real, no_image):
    mine = by_token(alice) | {"HTTP_ACCEPT_LANGUAGE": language}
    archive = SimpleUploadedFile("palms.zip", zipped(tree()), "application/zip")
    begun = client.post(reverse("api-lab-datasets"), {"file": archive, "id": "palms"}, **mine)
    assert (begun.status_code, begun.json()["id"], begun.json()["state"]) == (202, "palms", "waiting")
    eda = reverse("api-lab-eda") + "?dataset=palms"
    early = client.get(eda, **mine)
    assert (early.status_code, early.json()["code"]) == (409, "not_ready")
    tasks.run_next("long")
    assert client.get(begun["Location"], **mine).json()["images"] == 24
    numbers = client.get(eda, **mine).json()
    assert (numbers["train"]["fake_cnt"], numbers["test"]["avg_size"]) == (8, 1024)
    assert send(client, "api-lab-fit", {"id": "m", "dataset": "palms"}, **mine).status_code == 202
    unfinished = client.get(reverse("api-lab-models"), **mine).json()
    assert (unfinished["m"]["state"], unfinished["m"]["accuracy"]) == ("waiting", None)
    assert send(client, "api-lab-set", {"id": "m"}, **mine).status_code == 409
    assert ask(client, picture("a"), **mine).json()["code"] == "no_model_set"
    tasks.run_next("long")
    models = client.get(reverse("api-lab-models"), **mine).json()
    assert list(models) == ["m"]
    model = models["m"]
    assert (model["batch_size"], model["lr"], model["C"], model["num_epochs"]) == (128, 0.03, 0.1, 1)
    assert model["end_activation_function"] == "Sigmoid"
    assert (model["accuracy"], model["roc_auc"], model["confusion"]) == (1.0, 1.0, [[4, 0], [0, 4]])
    assert model["in_both"] == 0
    chosen = send(client, "api-lab-set", {"id": "m"}, **mine)
    assert (chosen.status_code, chosen.json()["message"]) == (200, is_set)

    one = ask(client, picture("new", light=True), **mine)
    answer = one.json()
    assert (one.status_code, answer["state"], answer["verdict"], answer["threshold"]) == (
        200,
        "ready",
        "REAL",
        0.6,
    )
    assert answer["REAL"] + answer["FAKE"] == pytest.approx(1, abs=1e-4)
    assert answer["text"] == is_real
    many = ask(client, picture("x", light=True), picture("y"), b"no image", **mine).json()
    assert [result.get("verdict") for result in many["results"]] == ["REAL", "FAKE", None]
    assert many["results"][2]["code"] == "NotAnImage"
    assert "verdict" not in many
    assert client.delete(many["url"], **mine).status_code == 204
    assert client.get(many["url"], **mine).status_code == 404
    bitmap = ask(client, picture("x", kind="BMP"), **mine).json()
    assert bitmap["error"] == no_image
    strict = ask(client, picture("new", light=True), form={"threshold": "1.0"}, **mine).json()
    assert strict["verdict"] == "FAKE"
    shown = client.get(answer["results"][0]["image"], **mine)
    assert shown["Content-Type"] == "image/png"
    assert b"".join(shown.streaming_content).startswith(b"\x89PNG")

    gone = client.delete(reverse("api-lab-model", args=["m"]), **mine)
    assert (gone.status_code, Fit.objects.count(), Prediction.objects.count()) == (204, 0, 0)
    assert client.delete(reverse("api-lab-dataset", args=["palms"]), **mine).status_code == 204
    assert not Dataset.objects.exists()


def test_the_document_says_what_the_answers_hold():
    schema = SchemaGenerator().get_schema(request=None, public=True)
    shapes = schema["components"]["schemas"]
    models = schema["paths"]["/api/v1/lab/models"]["get"]["responses"]["200"]["content"]["application/json"]
    assert models["schema"]["additionalProperties"] == {"$ref": "#/components/schemas/ModelAnswer"}
    assert {"REAL", "FAKE", "verdict", "text", "results"} <= set(shapes["PredictionAnswer"]["properties"])
    assert {"REAL", "FAKE", "verdict", "text", "image", "map"} <= set(shapes["ResultAnswer"]["properties"])
    assert "job" in shapes["BegunDataset"]["properties"]
    duplicates = shapes["EdaAnswer"]["properties"]["duplicates"]["description"]
    assert "saved again is another file" in duplicates
    assert (
        "Rows: what they are, real before" in shapes["ModelAnswer"]["properties"]["confusion"]["description"]
    )
    assert "delete" in schema["paths"]["/api/v1/lab/predict/{prediction_id}"]


def test_where_to_look_when_no_worker_comes(client, alice, fitted, settings):
    settings.PALMSITE_LAB = settings.PALMSITE_LAB | {"predict_seconds": 0.05}
    fit = fitted(alice)
    client.force_login(alice)
    send(client, "api-lab-set", {"id": fit.name})
    later = ask(client, picture("a"))
    assert (later.status_code, later.json()["state"], later.json()["results"]) == (202, "waiting", [])
    assert later["Location"] == later.json()["url"]
    assert client.get(later["Location"]).status_code == 202
    tasks.run_next("short")
    done = client.get(later["Location"])
    assert (done.status_code, done.json()["verdict"]) == (200, "FAKE")


def test_at_most_half_of_the_threads_wait(client, alice, fitted, settings, monkeypatch):
    settings.PALMSITE_WEB_THREADS = 2
    fit = fitted(alice)
    client.force_login(alice)
    send(client, "api-lab-set", {"id": fit.name})
    waited = []
    monkeypatch.setattr(job_selectors, "wait_until_ended", lambda job, seconds: waited.append(job))
    with waiting.seats.one() as seated:
        assert seated
        assert ask(client, picture("a")).status_code == 202
        assert waited == []
    ask(client, picture("a"))
    assert len(waited) == 1


def test_seats_are_given_back_and_never_more_than_half(settings):
    settings.PALMSITE_WEB_THREADS = 8
    seats, most, sat = waiting.Seats(), 0, []
    lock, start = threading.Lock(), threading.Barrier(16)

    def sit():
        nonlocal most
        start.wait()
        for _turn in range(50):
            with seats.one() as seated, lock:
                most = max(most, seats._taken)
                sat.append(seated)

    threads = [threading.Thread(target=sit) for _number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (seats._taken, len(sat)) == (0, 800)
    assert most <= 4


def test_the_verdict_is_in_the_readers_language(client, alice, fitted, works):
    fit = fitted(alice)
    client.force_login(alice)
    send(client, "api-lab-set", {"id": fit.name})
    with translation.override("ru"):
        words = translation.gettext("The image is REAL")
    answer = ask(client, picture("new", light=True), headers={"accept-language": "ru"})
    assert answer.json()["text"] == words


def test_others_see_nothing(client, alice, bob, charlie, fitted, works):
    fit = fitted(alice)
    client.force_login(alice)
    send(client, "api-lab-set", {"id": fit.name})
    answer = ask(client, picture("a")).json()
    for other in (bob, charlie):
        client.force_login(other)
        assert client.get(reverse("api-lab-models")).json() == {}
        assert client.get(reverse("api-lab-datasets")).json()["results"] == []
        for address in (
            reverse("api-lab-model", args=["model1"]),
            reverse("api-lab-dataset", args=["palms"]),
            reverse("api-lab-eda") + "?dataset=palms",
            answer["url"],
            answer["results"][0]["image"],
        ):
            assert client.get(address).status_code == 404
        assert client.delete(answer["url"]).status_code == 404
        assert client.delete(reverse("api-lab-model", args=["model1"])).status_code == 404
        assert client.delete(reverse("api-lab-dataset", args=["palms"])).status_code == 404
        assert send(client, "api-lab-set", {"id": "model1"}).status_code == 404
        assert send(client, "api-lab-fit", {"id": "m", "dataset": "palms"}).status_code == 404
        assert ask(client, picture("a")).status_code == 409
    assert Fit.objects.count() == 1


def test_two_people_use_the_same_ids(client, alice, bob, fitted):
    assert fitted(alice).name == fitted(bob).name == "model1"
    client.force_login(bob)
    send(client, "api-lab-set", {"id": "model1"})
    assert not Fit.objects.get(owner=alice).is_set
    assert Fit.objects.get(owner=bob).is_set


def test_one_model_is_set(client, alice, fitted, read):
    dataset = read(alice)
    fitted(alice, "one", dataset)
    fitted(alice, "two", dataset)
    client.force_login(alice)
    for name in ("one", "two", "two"):
        assert send(client, "api-lab-set", {"id": name}).status_code == 200
    assert [fit.name for fit in Fit.objects.filter(is_set=True)] == ["two"]


def test_refusals_of_fit(client, alice, fitted):
    fitted(alice)
    client.force_login(alice)
    for wish, status, code, field in (
        ({"dataset": "palms"}, 422, "bad_id", "id"),
        ({"id": " ", "dataset": "palms"}, 422, "bad_id", "id"),
        ({"id": "m" * 300, "dataset": "palms"}, 422, "bad_id", "id"),
        ({"id": "model1", "dataset": "palms"}, 409, "id_taken", "id"),
        ({"id": "m", "dataset": "palms", "lr": 0}, 422, "bad_setting", "lr"),
        ({"id": "m", "dataset": "palms", "C": -1}, 422, "bad_setting", "C"),
        ({"id": "m", "dataset": "palms", "input_size": 10_000}, 422, "bad_setting", "input_size"),
        ({"id": "m", "dataset": "palms", "backbone": "VGG"}, 422, "bad_setting", "backbone"),
        ({"id": "m", "dataset": "palms", "num_epochs": "x"}, 400, "invalid", "num_epochs"),
        ({"id": "m"}, 400, "invalid", "dataset"),
    ):
        answer = send(client, "api-lab-fit", wish)
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (status, code), wish
        assert problem["errors"][0]["field"] == field
        assert answer["Content-Type"].startswith("application/problem+json")
    limits = send(client, "api-lab-fit", {"id": "m", "dataset": "palms", "C": -1}).json()["detail"]
    assert limits == "C is -1; write a number from 0.000001 to 1,000,000."
    for number in ("nan", "inf"):
        bad = send(client, "api-lab-fit", {"id": "m", "dataset": "palms", "lr": number})
        assert bad.status_code in (400, 422)
    assert Fit.objects.count() == 1


def test_refusals_of_predict(client, alice, fitted, settings):
    settings.PALMSITE_LAB = settings.PALMSITE_LAB | {"predict_images": 2, "image_bytes": 5000}
    client.force_login(alice)
    assert ask(client, picture("a")).json()["code"] == "no_model_set"
    fit = fitted(alice)
    send(client, "api-lab-set", {"id": fit.name})
    assert ask(client).status_code == 400
    many = ask(client, b"1", b"2", b"3")
    assert many.status_code == 400
    assert many.json()["detail"] == "These are 3 images; at most 2 are taken at once. Send them in parts."
    assert ask(client, bytes(5001)).status_code == 413
    high = ask(client, b"1", form={"threshold": "2"})
    assert (high.status_code, high.json()["detail"]) == (400, "threshold: Write 1 at most.")
    assert not Prediction.objects.exists()


def test_refusals_of_datasets(client, alice, read, upload):
    read(alice)
    client.force_login(alice)
    data = io.BytesIO(zipped(tree()))
    data.name = "x.zip"
    taken = client.post(reverse("api-lab-datasets"), {"file": data, "id": "palms"})
    assert (taken.status_code, taken.json()["code"]) == (409, "id_taken")
    assert send(client, "api-lab-datasets", {"id": "other"}).json()["errors"][0]["field"] == "file"
    assert send(client, "api-lab-datasets", {"sets": []}).json()["errors"][0]["field"] == "sets"
    lone = send(client, "api-lab-datasets", {"reference": "hands"}).json()
    assert [one["field"] for one in lone["errors"]] == ["sets"] and "Name them as `sets`" in lone["detail"]
    assert client.get(reverse("api-lab-eda")).status_code == 400
    ready = upload(alice, zipped(tree()))
    made = send(client, "api-lab-datasets", {"id": "two", "upload": str(ready.pk)})
    assert made.status_code == 202


def test_a_read_only_token_changes_nothing(client, alice, fitted):
    fitted(alice)
    _token, key = tokens.create(by=alice, name="t", read_only=True, days=1)
    mine = {"HTTP_AUTHORIZATION": f"Bearer {key}"}
    assert client.get(reverse("api-lab-models"), **mine).status_code == 200
    assert client.delete(reverse("api-lab-model", args=["model1"]), **mine).status_code == 403
    assert client.get(reverse("api-lab-models")).status_code == 401

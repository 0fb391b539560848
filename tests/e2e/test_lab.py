"""The five steps in a real browser with a real worker: sample archive, numbers, model, choice, answer."""

import pytest
from playwright.sync_api import expect

from tests.e2e import people

pytestmark = [pytest.mark.e2e, pytest.mark.enable_socket]

VERDICTS = {
    "en": ("The image is REAL", "The image is FAKE"),
    "ru": ("Изображение является РЕАЛЬНЫМ", "Изображение является СГЕНЕРИРОВАННЫМ"),
}


@pytest.fixture
def person(visit, request):
    """Somebody who was let in, in the language of the test."""
    someone = visit(language=request.param[0])
    people.sign_up(someone, request.param[1])
    people.let_in(visit(), request.param[1])
    people.log_in(someone, request.param[1])
    someone.language = request.param[0]
    return someone


@pytest.mark.parametrize(
    "person", [("en", "labalice"), ("ru", "labbob")], ids=["labalice", "labbob"], indirect=True
)
def test_from_an_archive_to_an_answer(person, tmp_path):
    from generation.lab import sample

    archive = tmp_path / "sample.zip"
    archive.write_bytes(sample.archive())
    page = person.page
    person.go("/lab/")
    person.must_be_content()
    page.set_input_files("input[type=file]", archive)
    page.wait_for_url("**/lab/data/sample")
    expect(page.locator(".lab-parts img")).to_have_count(4, timeout=60_000)
    person.must_be_content()

    person.go("/lab/fit?dataset=sample")
    page.fill("input[name=num_epochs]", "20")
    page.click("main form button")
    expect(page.locator(".big-number").first).to_be_visible(timeout=120_000)
    person.must_be_content()
    person.go("/lab/models")
    expect(page.locator("polyline.line--1")).to_have_count(1)
    person.must_be_content()
    page.locator("tbody button").click()
    page.wait_for_url("**/lab/predict")

    pictures = [
        {
            "name": f"{label}.png",
            "mimeType": "image/png",
            "buffer": sample.picture(f"new {label}", is_real=label == "real"),
        }
        for label in ("real", "fake")
    ]
    page.set_input_files("#images", pictures)
    verdicts = page.locator(".lab-verdict")
    expect(verdicts).to_have_count(2, timeout=60_000)
    assert (verdicts.nth(0).inner_text(), verdicts.nth(1).inner_text()) == VERDICTS[person.language]
    person.must_be_content()


@pytest.mark.parametrize("person", [("en", "labcharlie")], indirect=True)
def test_an_upload_pauses_and_goes_on_after_a_reload(person, tmp_path):
    large = tmp_path / "large.zip"
    large.write_bytes(b"PK\x03\x04" + bytes(range(256)) * 100_000)
    page = person.page
    person.go("/lab/")
    # Only the first chunk arrives: the second is held back until the person pauses.
    sent = []

    def hold(route):
        sent.append(route.request.headers.get("upload-offset"))
        if len(sent) == 1:
            route.continue_()

    page.route("**/api/v1/uploads/*", hold)
    page.set_input_files("input[type=file]", large)
    expect(page.locator("[data-upload-words]")).to_have_text("32 %")
    page.click("[data-upload-pause]")
    page.unroute("**/api/v1/uploads/*")
    person.faults.clear()
    person.go("/lab/")
    expect(page.locator("[data-upload-unfinished]")).to_contain_text("32 %")
    offsets = []
    page.on("request", lambda request: offsets.append(request.headers.get("upload-offset")))
    page.set_input_files("input[type=file]", large)
    page.wait_for_url("**/lab/data/large")
    expect(page.locator(".notice--bad")).to_be_visible(timeout=60_000)
    assert next(offset for offset in offsets if offset) == str(8 * 2**20)

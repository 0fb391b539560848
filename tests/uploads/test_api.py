"""The API of uploads: begin, append, look, finish, cancel; and that another person's upload does not exist."""

import pytest
from django.urls import reverse

from generation.uploads.models import Upload

from .conftest import CONTENT

BYTES = "application/octet-stream"


def one(upload, name="api-upload"):
    return reverse(name, args=[upload.pk])


def patch(client, upload, offset, data, **more):
    return client.patch(one(upload), data, content_type=BYTES, headers={"Upload-Offset": str(offset)}, **more)


@pytest.fixture
def as_alice(client, alice):
    client.force_login(alice)
    return client


def test_the_whole_way(as_alice, alice):
    begun = as_alice.post(
        reverse("api-uploads"),
        {"purpose": "trial", "name": "palms.zip", "size": len(CONTENT)},
        content_type="application/json",
    )
    assert (begun.status_code, begun["Upload-Offset"], begun["Upload-Length"]) == (201, "0", "10000")
    upload = Upload.objects.get(pk=begun.json()["id"])
    assert begun["Location"].endswith(one(upload))
    assert patch(as_alice, upload, 0, CONTENT[:6000])["Upload-Offset"] == "6000"
    # The line broke before the answer came: ask, and go on.
    again = patch(as_alice, upload, 0, CONTENT[:6000])
    assert (again.status_code, again["Upload-Offset"], again.json()["code"]) == (409, "6000", "wrong_offset")
    assert as_alice.head(one(upload))["Upload-Offset"] == "6000"
    early = as_alice.post(one(upload, "api-upload-finish"))
    assert (early.status_code, early["Upload-Offset"]) == (409, "6000")
    patch(as_alice, upload, 6000, CONTENT[6000:])
    done = as_alice.post(one(upload, "api-upload-finish"))
    assert (done.status_code, done.json()["state"]) == (200, "complete")
    assert upload.path.read_bytes() == CONTENT
    assert [entry["id"] for entry in as_alice.get(reverse("api-uploads")).json()["results"]] == [
        str(upload.pk)
    ]


def test_others_have_no_such_upload(client, charlie, alice, begin):
    upload = begin(alice)
    client.force_login(charlie)
    assert client.get(one(upload)).status_code == 404
    assert client.head(one(upload)).status_code == 404
    assert patch(client, upload, 0, b"x").status_code == 404
    assert client.delete(one(upload)).status_code == 404
    assert client.post(one(upload, "api-upload-finish")).status_code == 404
    assert client.get(reverse("api-uploads")).json()["results"] == []
    upload.refresh_from_db()
    assert upload.offset == 0


def test_strangers_are_refused(client, alice, begin):
    upload = begin(alice)
    assert client.get(one(upload)).status_code == 401
    assert patch(client, upload, 0, b"x").status_code == 401


def test_cancel(as_alice, alice, begin):
    upload = begin(alice)
    assert as_alice.delete(one(upload)).status_code == 204
    assert as_alice.get(one(upload)).status_code == 404


def test_refusals_are_problems(as_alice, alice, begin):
    upload = begin(alice)
    for offset in ("", "-1", "x", "1e3", "9" * 5000):
        answer = patch(as_alice, upload, offset, b"x")
        assert answer.status_code == 400
        assert answer["Content-Type"].startswith("application/problem+json")
        assert answer.json()["errors"][0]["field"] == "Upload-Offset"
    wrong = as_alice.patch(one(upload), "{}", content_type="text/html", headers={"Upload-Offset": "0"})
    assert wrong.status_code == 415
    large = as_alice.post(
        reverse("api-uploads"),
        {"purpose": "trial", "name": "a", "size": 2_000_000},
        content_type="application/json",
    )
    assert large.json()["errors"][0]["field"] == "size"


def test_the_zone_shows_what_was_begun(rf, alice, begin):
    from django.template.loader import render_to_string

    upload = begin(alice, name="<b>.zip")
    request = rf.get("/")
    request.user = alice
    drawn = render_to_string("uploads/_dropzone.html", {"purpose": "trial", "title": "Drop it"}, request)
    assert f'data-upload-unfinished="{upload.pk}"' in drawn
    assert "&lt;b&gt;.zip: 0 %" in drawn
    assert "style=" not in drawn
    assert "<script" not in drawn

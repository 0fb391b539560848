"""Private files: nothing from outside of the folder, nothing a browser would run, ranges as RFC 9110 has them."""

import os
from pathlib import Path

import pytest
from django.utils.http import http_date

from accounts import private_files
from accounts.errors import NotFound

BODY = bytes(range(256)) * 40


@pytest.fixture
def palm(settings):
    folder = Path(settings.MEDIA_ROOT) / "sets" / "7"
    folder.mkdir(parents=True)
    path = folder / "000 ö.png"
    path.write_bytes(BODY)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    return path


@pytest.fixture
def send(rf, palm):
    def answer(*, method="get", path=palm, content_type="image/png", name=None, **headers):
        request = getattr(rf, method)(
            "/", headers={key.replace("_", "-"): value for key, value in headers.items()}
        )
        return private_files.response(request, path, download_name=name, content_type=content_type)

    return answer


def body(response):
    if not response.streaming:
        return response.content
    read = b"".join(response.streaming_content)
    for closer in response._resource_closers:
        closer()
    return read


def test_a_picture_is_shown_and_guarded(send):
    response = send()
    assert response.status_code == 200
    assert response["Content-Type"] == "image/png"
    assert response["Content-Length"] == str(len(BODY))
    assert not response.get("Content-Disposition", "inline").startswith("attachment")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert response["Cache-Control"] == "private, no-cache"
    assert response["Accept-Ranges"] == "bytes"
    assert body(response) == BODY


def test_with_a_name_it_is_saved(send):
    response = send(name="my palm ö.png")
    assert response["Content-Disposition"] == "attachment; filename*=utf-8''my%20palm%20%C3%B6.png"
    body(response)


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("application/zip", "application/zip"),
        ("text/csv", "text/csv; charset=utf-8"),
        ("text/html", "application/octet-stream"),
        ("TEXT/HTML; charset=utf-8", "application/octet-stream"),
        ("image/svg+xml", "application/octet-stream"),
        ("application/xhtml+xml", "application/octet-stream"),
        ("text/xml", "application/octet-stream"),
    ],
)
def test_whatever_is_no_picture_is_saved_and_never_a_page(send, given, sent):
    response = send(content_type=given)
    assert response["Content-Type"] == sent
    assert response["Content-Disposition"].startswith("attachment")
    body(response)


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-99", 0, 99),
        ("bytes=100-", 100, len(BODY) - 1),
        ("bytes=-100", len(BODY) - 100, len(BODY) - 1),
        ("bytes=-999999", 0, len(BODY) - 1),
        ("bytes=10-999999", 10, len(BODY) - 1),
        ("Bytes=5-5", 5, 5),
        (f"bytes={len(BODY) - 1}-", len(BODY) - 1, len(BODY) - 1),
    ],
)
def test_a_range_is_answered_with_206(send, asked, first, last):
    response = send(range=asked)
    assert response.status_code == 206
    assert response["Content-Range"] == f"bytes {first}-{last}/{len(BODY)}"
    assert response["Content-Length"] == str(last - first + 1)
    assert response["Content-Type"] == "image/png"
    assert body(response) == BODY[first : last + 1]


@pytest.mark.parametrize("asked", [f"bytes={len(BODY)}-", "bytes=999999-1000000", "bytes=-0"])
def test_a_range_outside_of_the_file_is_416_with_the_size(send, asked):
    response = send(range=asked)
    assert response.status_code == 416
    assert response["Content-Range"] == f"bytes */{len(BODY)}"
    assert body(response) == b""


@pytest.mark.parametrize(
    "asked", ["bytes=9-5", "bytes=0-1,5-6", "bytes=a-b", "bytes=-", "lines=1-2", "bytes=1-" + "9" * 30]
)
def test_what_is_no_single_range_of_bytes_is_answered_with_the_whole(send, asked):
    response = send(range=asked)
    assert response.status_code == 200
    assert body(response) == BODY


def test_an_empty_file(send, palm):
    palm.write_bytes(b"")
    whole = send()
    assert (whole.status_code, whole["Content-Length"], body(whole)) == (200, "0", b"")
    assert send(range="bytes=0-").status_code == 416
    assert send(range="bytes=-5").status_code == 416


def test_if_range_continues_only_the_same_file(send, palm):
    etag, modified = send(method="head")["ETag"], http_date(1_700_000_000)
    for same in (etag, modified):
        assert send(range="bytes=0-9", if_range=same).status_code == 206
    for other in ('"other"', f"W/{etag}", http_date(1_600_000_000), "nonsense"):
        response = send(range="bytes=0-9", if_range=other)
        assert (response.status_code, body(response)) == (200, BODY)
    palm.write_bytes(BODY[::-1])
    assert body(send(range="bytes=0-9", if_range=etag)) == BODY[::-1]


def test_what_the_browser_has_is_not_sent_again(send):
    etag = send(method="head")["ETag"]
    for headers in ({"if_none_match": etag}, {"if_modified_since": http_date(1_700_000_000)}):
        response = send(**headers)
        assert response.status_code == 304
        assert response["ETag"] == etag
        assert "Content-Length" not in response
    assert body(send(if_none_match='"other"')) == BODY
    assert send(if_match='"other"').status_code == 412


@pytest.mark.parametrize(
    ("asked", "status", "length"), [({}, 200, len(BODY)), ({"range": "bytes=0-9"}, 206, 10)]
)
def test_head_says_all_and_sends_nothing(send, asked, status, length):
    response = send(method="head", **asked)
    assert (response.status_code, response["Content-Length"], body(response)) == (status, str(length), b"")


def test_nothing_outside_of_the_folder_leaves(send, settings, tmp_path, caplog):
    media = Path(settings.MEDIA_ROOT)
    secret = media.parent / "secret_key"
    secret.write_text("secret")
    (media / "link").symlink_to(secret)
    (media / "linked").symlink_to(media.parent)
    for path in (
        secret,
        media / ".." / "secret_key",
        media / "link",
        media / "linked" / "secret_key",
        Path("/etc/passwd"),
        Path(f"{media}-other"),
    ):
        with pytest.raises(NotFound):
            send(path=path)
    assert caplog.text.count("outside of the media folder") == 6


def test_a_missing_file_and_a_folder_are_not_found(send, palm):
    for path in (palm.parent, palm.with_name("gone.png")):
        with pytest.raises(NotFound, match="no longer here"):
            send(path=path)


def test_behind_nginx_only_the_way_to_the_file_is_told(send, settings):
    settings.PALMSITE_ACCEL = "/private/"
    response = send(name="p.png")
    assert response["X-Accel-Redirect"] == "/private/sets/7/000%20%C3%B6.png"
    assert response["Content-Type"] == "image/png"
    assert response["Content-Disposition"] == 'attachment; filename="p.png"'
    assert response["X-Content-Type-Options"] == "nosniff"
    assert body(response) == b""
    with pytest.raises(NotFound):
        send(path=Path("/etc/passwd"))

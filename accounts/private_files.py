"""The only way by which a byte of the media folder leaves the site.

The caller has checked whose file it is. Here: no path outside the folder, nothing a browser would run, single
ranges (RFC 9110, section 14), and either nginx sends the file (X-Accel-Redirect) or it is streamed.
"""

import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header, http_date
from django.utils.translation import gettext as _

from accounts import streams
from accounts.errors import NotFound

log = logging.getLogger(__name__)
CHUNK = 256 * 1024
# Pictures that hold no script; all else is saved, not shown (an SVG is a page).
SHOWN = frozenset({"image/png", "image/jpeg", "image/webp"})
SAVED = frozenset(
    {"application/zip", "application/x-tar", "application/json", "application/pdf", "text/csv", "text/plain"}
)
_RANGE = re.compile(r"bytes=(?:(\d{1,18})-(\d{1,18})?|-(\d{1,18}))", re.IGNORECASE)


def response(
    request: HttpRequest, path: Path, *, download_name: str | None, content_type: str
) -> HttpResponseBase:
    """Answer with the file at `path`: pictures without a `download_name` are shown, all others saved."""
    inside = _inside_media(path)
    kind = content_type.partition(";")[0].strip().lower()
    kind = kind if kind in SHOWN | SAVED else "application/octet-stream"
    facts = inside.stat()
    etag = f'"{facts.st_mtime_ns:x}-{facts.st_size:x}"'
    answer = _accelerated(inside) if settings.PALMSITE_ACCEL else _ours(request, inside, etag, facts.st_mtime)
    if answer.status_code in (304, 412):
        return _guarded(answer)
    if answer.status_code != 416:
        answer["Content-Type"] = f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
        as_attachment = download_name is not None or kind not in SHOWN
        if as_attachment:
            answer["Content-Disposition"] = content_disposition_header(True, download_name or inside.name)
    return _guarded(answer)


def made_response(
    request: HttpRequest,
    read: Callable[[int, int], Iterator[bytes]],
    *,
    size: int,
    etag: str,
    download_name: str,
    content_type: str,
) -> HttpResponseBase:
    """Answer with what is put together while it is sent; `read(first, last)` yields those bytes, both included.

    `etag` is strong: the same one means the same bytes, so that a broken download goes on where it stopped.
    """
    validators = {"ETag": etag, "Accept-Ranges": "bytes"}
    unchanged = get_conditional_response(request, etag=etag)
    answer: HttpResponseBase
    if unchanged is not None:
        answer = unchanged
    else:
        answer = _made(request, read, size, validators)
        if answer.status_code != 416:
            answer["Content-Type"] = content_type if content_type in SAVED else "application/octet-stream"
            answer["Content-Disposition"] = content_disposition_header(True, download_name)
    _mark(answer, validators)
    return _guarded(answer)


def _made(
    request: HttpRequest, read: Callable[[int, int], Iterator[bytes]], size: int, validators: dict[str, str]
) -> HttpResponseBase:
    wanted = _wanted_range(request, size, validators)
    if wanted == ():
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    first, last = wanted or (0, size - 1)
    status = 206 if wanted else 200
    answer: HttpResponseBase
    if request.method == "HEAD":
        answer = HttpResponse(status=status)
    else:
        sent = streams.seated(request, read(first, last), size=last - first + 1)
        answer = StreamingHttpResponse(sent, status=status)
    if wanted:
        answer["Content-Range"] = f"bytes {first}-{last}/{size}"
    answer["Content-Length"] = str(last - first + 1)
    return answer


def _inside_media(path: Path) -> Path:
    """The real file, or NotFound: also for a path that leads out of the folder, by dots or by a link."""
    root = Path(settings.MEDIA_ROOT).resolve()
    real = path.resolve()
    if not real.is_relative_to(root):
        log.error("A file outside of the media folder was asked for: %s", path)
        raise NotFound(_("There is nothing here, or it is not yours."))
    if not real.is_file():
        raise NotFound(_("This file is no longer here."))
    return real


def _accelerated(path: Path) -> HttpResponse:
    inside = path.relative_to(Path(settings.MEDIA_ROOT).resolve())
    prefix = settings.PALMSITE_ACCEL.strip("/")
    return HttpResponse(headers={"X-Accel-Redirect": f"/{prefix}/{quote(inside.as_posix())}"})


def _ours(request: HttpRequest, path: Path, etag: str, modified: float) -> HttpResponseBase:
    validators = {"ETag": etag, "Last-Modified": http_date(modified), "Accept-Ranges": "bytes"}
    unchanged = get_conditional_response(request, etag=etag, last_modified=int(modified))
    if unchanged is not None:
        _mark(unchanged, validators)
        return unchanged
    size = path.stat().st_size
    wanted = _wanted_range(request, size, validators)
    if wanted is None:
        answer = _whole(request, path)
        first, last = 0, size - 1
    elif not wanted:
        return HttpResponse(status=416, headers={**validators, "Content-Range": f"bytes */{size}"})
    else:
        first, last = wanted
        answer = _part(request, path, first, last)
        answer["Content-Range"] = f"bytes {first}-{last}/{size}"
    answer["Content-Length"] = str(last - first + 1)
    _mark(answer, validators)
    return answer


def _mark(answer: HttpResponseBase, headers: dict[str, str]) -> None:
    for name, value in headers.items():
        answer[name] = value


def _whole(request: HttpRequest, path: Path) -> HttpResponseBase:
    return HttpResponse() if request.method == "HEAD" else FileResponse(path.open("rb"))


def _part(request: HttpRequest, path: Path, first: int, last: int) -> HttpResponseBase:
    if request.method == "HEAD":
        return HttpResponse(status=206)
    sent = streams.seated(request, _read(path, first, last), size=last - first + 1)
    return StreamingHttpResponse(sent, status=206)


def _wanted_range(
    request: HttpRequest, size: int, validators: dict[str, str]
) -> tuple[int, int] | tuple[()] | None:
    """First and last byte; () where the range lies outside of the file; None where all of it is wanted."""
    asked = request.headers.get("Range", "").replace(" ", "")
    match = _RANGE.fullmatch(asked)
    # Several ranges at once, or other units, may be answered with the whole file.
    if match is None:
        return None
    if_range = request.headers.get("If-Range")
    if if_range is not None and if_range not in validators.values():
        return None
    first_text, last_text, suffix = match.groups()
    if suffix is not None:
        length = int(suffix)
        return (max(0, size - length), size - 1) if length and size else ()
    first = int(first_text)
    last = min(int(last_text), size - 1) if last_text else size - 1
    if last_text and int(last_text) < first:
        return None
    return (first, last) if first < size else ()


def _read(path: Path, first: int, last: int) -> Iterator[bytes]:
    left = last - first + 1
    with path.open("rb") as file:
        file.seek(first)
        while left and (chunk := file.read(min(CHUNK, left))):
            left -= len(chunk)
            yield chunk


def _guarded(answer: HttpResponseBase) -> HttpResponseBase:
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer["Cross-Origin-Resource-Policy"] = "same-origin"
    answer["Cache-Control"] = "private, no-cache"
    return answer

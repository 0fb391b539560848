"""Fetches a file: resumed where it stopped, checked by hash, whole or absent.

The only place of mlcore that talks to a network.
"""

import base64
import hashlib
import http.client
import shutil
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from mlcore.errors import MlcoreError, OutputError

CHUNK = 256 * 1024
TIMEOUT = 30.0  # seconds without a byte
AGENT = "palmsite"
SCHEMES = ("https", "http")

Progress = Callable[[int, int | None], None]  # bytes done, bytes in all where known


class DownloadError(MlcoreError):
    """Something could not be fetched; says what to do."""


class Unreachable(DownloadError):
    """Nobody answers, or the line breaks; what came is kept."""


class Refused(DownloadError):
    """The other side answers with something else than the file."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.numbers = {"status": status}


class HashDiffers(DownloadError):
    """What came is not what was asked for."""


def fetch(
    address: str,
    path: Path,
    *,
    headers: Mapping[str, str] | None = None,
    sha256: str = "",
    progress: Progress = lambda done, total: None,
) -> str:
    """Fetch a file and return its sha256; goes on where an earlier try stopped, and is whole or absent.

    Where nobody says its sha256 beforehand, the MD5 that the store itself tells of the whole file must do. Beside the
    file stands `NAME.sha256`; a file that still matches it is not fetched again.
    """
    note = _note(path)
    with _on_this_disk(path):
        if path.exists():
            known = _hash(path)
            if (
                note.exists()
                and note.read_text(encoding="ascii").split()[0] == known
                and known.startswith(sha256)
            ):
                return known
            path.unlink()  # torn, or changed since: what is kept is what was checked
        path.parent.mkdir(parents=True, exist_ok=True)
    partial = _partial(path)
    try:
        told_md5 = _receive(address, partial, dict(headers or {}), progress)
    except urllib.error.HTTPError as error:
        error.close()  # it holds the line open for as long as anybody holds the error
        raise Refused(_refusal(error, address), error.code) from error
    except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
        reason = getattr(error, "reason", error)
        kept = (
            f" {partial.stat().st_size:,} bytes are kept; the same command goes on."
            if _seal(partial).exists()
            else " It cannot say which file it sends, so the same command begins anew."
            if partial.exists()
            else ""
        )
        raise Unreachable(
            f"{_host(address)} could not be reached: {reason}.{kept} Is there a network?"
        ) from error
    except ValueError as error:
        raise DownloadError(
            f"{address} is neither a file here nor an address: give a path, or what begins with https:// or http://."
        ) from error
    _seal(partial).unlink(missing_ok=True)
    found = _hash(partial)
    for name, has, wanted in (
        ("sha256", found, sha256),
        ("MD5", _hash(partial, "md5") if told_md5 else "", told_md5),
    ):
        if not has.startswith(wanted):
            partial.unlink()
            raise HashDiffers(
                f"What {_host(address)} sent as {path.name} has the {name} {has[:12]}..., expected {wanted[:12]}.... "
                "It was thrown away; try again, or give a file you trust by its path."
            )
    _keep(partial, path, found)
    return found


def take(file: Path, path: Path, *, sha256: str) -> None:
    """Put a file that came another way where `fetch` would have put it, if it is the one that is wanted."""
    found = _hash(file)
    if found != sha256:
        raise HashDiffers(
            f"{file} has the sha256 {found[:12]}..., expected {sha256[:12]}...: it is another file than {path.name}, "
            "or a torn one. Get that one anew."
        )
    partial = _partial(path)
    with _on_this_disk(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        _seal(partial).unlink(missing_ok=True)  # what was begun from a network does not go on from this
        shutil.copyfile(file, partial)
    _keep(partial, path, found)


def throw_away(path: Path) -> None:
    """Remove a fetched file that proved useless, and its note: it is fetched anew the next time."""
    with _on_this_disk(path):
        _note(path).unlink(missing_ok=True)
        path.unlink()


def _keep(partial: Path, path: Path, sha256: str) -> None:
    with _on_this_disk(path):
        partial.replace(path)
        _note(path).write_text(f"{sha256}  {path.name}\n", encoding="ascii")


def _note(path: Path) -> Path:
    """Where the sha256 of a whole file is kept."""
    return path.with_name(f"{path.name}.sha256")


def _partial(path: Path) -> Path:
    """Where a file lies until it is whole."""
    return path.with_name(f"{path.name}.partial")


@contextmanager
def _on_this_disk(path: Path) -> Iterator[None]:
    """Tell a full disk, or a folder in the file's place, as what it is and not as a line that broke."""
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"{error.filename or path} cannot be written here: {error.strerror or error}. Make room or choose "
            "another folder; what came before is kept."
        ) from error


def _seal(partial: Path) -> Path:
    """Where the store's name for the version that is being fetched is kept; without it nothing can be gone on with."""
    return partial.with_name(f"{partial.name}.etag")


def _receive(address: str, partial: Path, headers: dict[str, str], progress: Progress) -> str:
    """Fetch what is missing, and say the MD5 of the whole where the store tells it."""
    if urllib.parse.urlsplit(address).scheme not in SCHEMES:  # urllib would open files as well
        raise ValueError(address)
    done = partial.stat().st_size if partial.exists() else 0
    seal = _seal(partial)
    request = urllib.request.Request(address, headers={"User-Agent": AGENT, **headers})
    if done and seal.exists():
        request.add_header("Range", f"bytes={done}-")
        # Without this a file that changed meanwhile would be glued together from two halves.
        request.add_header("If-Range", seal.read_text(encoding="ascii"))
    opener = urllib.request.build_opener(_KeepKeyHome)
    try:
        answer = opener.open(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and done:
            error.close()
            partial.unlink()
            seal.unlink(missing_ok=True)
            return _receive(address, partial, headers, progress)
        raise
    with answer:
        goes_on = answer.status == http.HTTPStatus.PARTIAL_CONTENT
        done = done if goes_on else 0
        length = answer.headers.get("Content-Length")
        total = done + int(length) if length else None
        tag = answer.headers.get("ETag") or answer.headers.get("Last-Modified") or ""
        with _on_this_disk(partial):
            if not goes_on:
                seal.unlink(missing_ok=True)
                if tag and tag.isascii() and not tag.startswith("W/"):
                    seal.write_text(tag, encoding="ascii")
            with partial.open("ab" if goes_on else "wb") as stream:
                while chunk := _chunk(answer):
                    stream.write(chunk)
                    done += len(chunk)
                    progress(done, total)
    if total is not None and done != total:
        raise http.client.IncompleteRead(b"", total - done)
    return _told_md5(answer.headers)


def _told_md5(headers: http.client.HTTPMessage) -> str:
    """Google's store, where Kaggle keeps its archives, says `x-goog-hash: crc32c=...,md5=...` in base64."""
    for part in ",".join(headers.get_all("x-goog-hash") or []).split(","):
        name, _, value = part.strip().partition("=")
        if name == "md5":
            return base64.b64decode(value).hex()
    return ""


def _chunk(answer: http.client.HTTPResponse) -> bytes:
    """The next bytes; a line that breaks is no OSError here, for those are the disk's."""
    try:
        return answer.read(CHUNK)
    except OSError as error:
        raise http.client.HTTPException(str(error)) from error


class _KeepKeyHome(urllib.request.HTTPRedirectHandler):
    """Follows to the store that holds the file, without giving it the person's key."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        """Drop the key where the host changes."""
        following = super().redirect_request(req, fp, code, msg, headers, newurl)
        old, new = urllib.parse.urlsplit(req.full_url), urllib.parse.urlsplit(newurl)
        if following is not None and (old.scheme, old.netloc) != (new.scheme, new.netloc):
            following.remove_header("Authorization")
        return following


def _refusal(error: urllib.error.HTTPError, address: str) -> str:
    host = _host(address)
    if error.code in (http.HTTPStatus.UNAUTHORIZED, http.HTTPStatus.FORBIDDEN):
        return (
            f"{host} refused the key ({error.code}). Make a new one, and open the data set's page once "
            "in a browser: some want their terms accepted first."
        )
    if error.code == http.HTTPStatus.NOT_FOUND:
        return f"{host} has nothing at {urllib.parse.urlsplit(address).path} (404). It may have moved."
    if error.code == http.HTTPStatus.TOO_MANY_REQUESTS:
        return f"{host} wants fewer requests (429). Try again in some minutes; what came is kept."
    return f"{host} answered {error.code} {error.reason}. Try again later; what came is kept."


def _host(address: str) -> str:
    return urllib.parse.urlsplit(address).netloc


def _hash(path: Path, name: str = "sha256") -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, name).hexdigest()

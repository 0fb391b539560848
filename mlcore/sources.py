"""Fetches data sets and optional weights: resumed where it stopped, checked by hash, with the person's own key.

The only place of mlcore that talks to a network. Addresses and keys are arguments; it reads no environment.
"""

import base64
import hashlib
import http.client
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from mlcore.errors import MlcoreError, OutputError

KAGGLE = "https://www.kaggle.com"
CHUNK = 256 * 1024
TIMEOUT = 30.0  # seconds without a byte
AGENT = "palmsite"


class DownloadError(MlcoreError):
    """Something could not be fetched; says what to do."""


class Unreachable(DownloadError):
    """Nobody answers, or the line breaks; what came is kept."""


class Refused(DownloadError):
    """The other side answers with something else than the file."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.numbers = {"status": status}


class KeyMissing(DownloadError):
    """The data set needs a person's key."""


class HashDiffers(DownloadError):
    """What came is not what was asked for."""


@dataclass(frozen=True)
class DataSet:
    """A data set on Kaggle."""

    name: str
    slug: str  # owner/name there
    about: str
    terms: str


@dataclass(frozen=True)
class Weights:
    """Weights that some measures like to have."""

    name: str
    file: str
    address: str
    sha256: str
    about: str


@dataclass(frozen=True)
class Key:
    """A person's Kaggle key: a user name with a secret, or a token alone."""

    username: str
    secret: str

    def header(self) -> str:
        """As the API wants it."""
        if not self.username:
            return f"Bearer {self.secret}"
        return "Basic " + base64.b64encode(f"{self.username}:{self.secret}".encode()).decode()


DATA_SETS = {
    each.name: each
    for each in (
        DataSet(
            "human-palm-images",
            "feyiamujo/human-palm-images",
            "palms before grey and white",
            "CC BY 4.0, as stated there",
        ),
        DataSet(
            "hands-and-palms",
            "shyambhu/hands-and-palm-images-dataset",
            "hands of the 11K Hands collection with a table of people",
            "free for reasonable academic fair use",
        ),
        DataSet(
            "palm-detection",
            "korff16/hands-and-palms-yolo-dataset",
            "photos with YOLO boxes of hands and palms",
            "as stated there",
        ),
    )
}
WEIGHTS = {
    each.name: each
    for each in (
        Weights(
            "inception",
            "pt_inception-2015-12-05-6726825d.pth",
            "https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/pt_inception-2015-12-05-6726825d.pth",
            "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2",
            "features of the standard FID",
        ),
        Weights(
            "resnet18",
            "resnet18-f37072fd.pth",
            "https://download.pytorch.org/models/resnet18-f37072fd.pth",
            "f37072fd47e89c5e827621c5baffa7500819f7896bbacec160b1a16c560e07ec",
            "backbone of the classifier",
        ),
        Weights(
            "yolo11n",
            "yolo11n.pt",
            "https://github.com/ultralytics/assets/releases/download/v8.3.0/yolo11n.pt",
            "0ebbc80d4a7680d14987a577cd21342b65ecfd94632bd9a8da63ae6417644ee1",
            "a start for the detector's training",
        ),
    )
}

Progress = Callable[[int, int | None], None]  # bytes done, bytes in all where known


def read_key(path: Path) -> Key:
    """Read a `kaggle.json` as Kaggle's account page gives it."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return Key(str(content["username"]), str(content["key"]))
    except FileNotFoundError as error:
        raise KeyMissing(no_key(path)) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise KeyMissing(
            f"{path} is no Kaggle key file. It should read: "
            '{"username": "...", "key": "..."}. Make a new one on kaggle.com, Settings, API.'
        ) from error


def no_key(path: Path) -> str:
    """What to do without a key."""
    return (
        f"Kaggle gives its data sets only to people with a key, and there is none in {path}. "
        "Make one on kaggle.com (Settings, API, Create new token), save it there or name it with --key FILE, "
        "or fetch the archive in a browser and give it to prepare."
    )


def fetch_data_set(
    data_set: DataSet,
    folder: Path,
    key: Key,
    *,
    site: str = KAGGLE,
    progress: Progress = lambda done, total: None,
) -> Path:
    """Fetch a data set's archive; it stays packed, `prepare` reads it as it is."""
    address = f"{site}/api/v1/datasets/download/{data_set.slug}"
    path = folder / f"{data_set.name}.zip"
    fetch(address, path, headers={"Authorization": key.header()}, progress=progress)
    return path


def fetch_weights(
    weights: Weights,
    folder: Path,
    *,
    address: str | None = None,
    progress: Progress = lambda done, total: None,
) -> Path:
    """Fetch weights from their official address, or another one, and check their hash."""
    path = folder / weights.file
    fetch(address or weights.address, path, sha256=weights.sha256, progress=progress)
    return path


def fetch(
    address: str,
    path: Path,
    *,
    headers: Mapping[str, str] | None = None,
    sha256: str = "",
    progress: Progress = lambda done, total: None,
) -> str:
    """Fetch a file and return its sha256; goes on where an earlier try stopped, and is whole or absent.

    Beside the file stands `NAME.sha256`; a file that still matches it is not fetched again.
    """
    note = path.with_name(f"{path.name}.sha256")
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
    partial = path.with_name(f"{path.name}.partial")
    try:
        _receive(address, partial, dict(headers or {}), progress)
    except urllib.error.HTTPError as error:
        error.close()  # it holds the line open for as long as anybody holds the error
        raise Refused(_refusal(error, address), error.code) from error
    except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
        reason = getattr(error, "reason", error)
        kept = (
            f" {partial.stat().st_size:,} bytes are kept; the same command goes on."
            if partial.exists()
            else ""
        )
        raise Unreachable(
            f"{_host(address)} could not be reached: {reason}.{kept} Is there a network?"
        ) from error
    except ValueError as error:
        raise DownloadError(f"{address} is no address: it must begin with https:// or http://.") from error
    found = _hash(partial)
    if not found.startswith(sha256):
        partial.unlink()
        raise HashDiffers(
            f"What {_host(address)} sent as {path.name} has the sha256 {found[:12]}..., expected {sha256[:12]}.... "
            "It was thrown away; try again, or give a file you trust by its path."
        )
    with _on_this_disk(path):
        partial.replace(path)
        note.write_text(f"{found}  {path.name}\n", encoding="ascii")
    return found


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


def _receive(address: str, partial: Path, headers: dict[str, str], progress: Progress) -> None:
    done = partial.stat().st_size if partial.exists() else 0
    seal = partial.with_name(f"{partial.name}.etag")
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
    seal.unlink(missing_ok=True)
    return None


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


def _hash(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()

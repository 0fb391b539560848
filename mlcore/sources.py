"""The data sets and optional weights that can be fetched, with the person's own key.

Addresses and keys are arguments; it reads no environment. How a file comes is `fetching`'s business.
"""

import base64
import json
from dataclasses import dataclass
from pathlib import Path

from mlcore.archive import is_archive
from mlcore.fetching import DownloadError, Progress, fetch, take, throw_away

KAGGLE = "https://www.kaggle.com"


class KeyMissing(DownloadError):
    """The data set needs a person's key."""


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
    if not is_archive(path):  # a page to log in comes as if it were what was asked for
        throw_away(path)
        raise DownloadError(
            f"What {site} sent as {path.name} is no archive, perhaps a page to log in. It was thrown away; make a new "
            "key and try again, or fetch the archive in a browser and give it to prepare."
        )
    return path


def fetch_weights(
    weights: Weights,
    folder: Path,
    *,
    address: str | None = None,
    progress: Progress = lambda done, total: None,
) -> Path:
    """Fetch weights from their official address, or another one or a file, and check their hash."""
    path = folder / weights.file
    if address and Path(address).is_file():
        take(Path(address), path, sha256=weights.sha256)
        return path
    fetch(address or weights.address, path, sha256=weights.sha256, progress=progress)
    return path

"""Teaches the palmprint network on pictures of known palms: the linear map that keeps what differs between palms and
drops what differs between pictures of one. In closed form, so that the same pictures give the same recogniser.
"""

import csv
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg import eigh

from mlcore import camera, checkpoint, images, noise, recogniser
from mlcore.data import person_is_held
from mlcore.errors import RecogniserError
from mlcore.models.palmprint import SIDE, PalmprintNet

Features = NDArray[np.float32]
Matrix = NDArray[np.float64]
FEWEST_PALMS = 8


@dataclass(frozen=True)
class RecogniserPlan:
    """How much is kept and how much the training pictures are trusted."""

    components: int = 600  # of the features' principal ones
    dim: int = 128
    shrinkage: float = 0.1  # share of the within-palm scatter that is taken as equal in all directions
    copies: int = 2  # further photographs of each picture, so that pose and light are learned to mean nothing
    strength: float = 1.5  # of what a camera changes in them


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of a known palm. One hand is mirrored, so that thumbs point to one side."""

    path: Path
    person: str
    palm: str
    is_mirrored: bool
    source: str = ""

    def pixels(self) -> images.Pixels:
        """Decoded, thumb to the right."""
        pixels = images.decode(self.path.read_bytes())
        return np.ascontiguousarray(pixels[:, ::-1]) if self.is_mirrored else pixels


def read(
    folder: Path, table: Path | None, split: Literal["train", "validation", "all"] = "all"
) -> list[Picture]:
    """Pictures in a folder with a CSV: `file`, `person`, and `palm`, or `thumb_side` or `hand` to tell both hands.

    Without a table the folder's own manifest.csv is read, as `generate --people` writes it. Rows without a person
    are passed over. `split` takes the people who train or those who are held, as everywhere.
    """
    path = table or folder / "manifest.csv"
    if not path.is_file() and (folder / path).is_file():
        path = folder / path
    try:
        rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    except FileNotFoundError:
        raise RecogniserError(f"There is no {path}; say with --csv which table names the people.") from None
    if rows and not {"file", "person"} <= set(rows[0]):
        raise RecogniserError(f"{path} needs the columns file and person; it has {', '.join(rows[0])}.")
    found = []
    for row in rows:
        if not row["person"] or (split != "all" and (split == "validation") != person_is_held(row["person"])):
            continue
        side = row.get("thumb_side") or row.get("hand") or ""
        palm = row.get("palm") or f"{row['person']} {side}"
        inside = Path(row["file"]).parts
        source = row.get("source") or (inside[0] if len(inside) > 1 else folder.name)
        found.append(Picture(folder / row["file"], row["person"], palm, side == "left", source))
    if not found:
        raise RecogniserError(f"{path} names no person's picture in its {split} part.")
    return found


def features_of(
    network: PalmprintNet,
    pictures: Sequence[Picture],
    plan: RecogniserPlan,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Features:
    """What the network sees before anything is learned: a row for each picture and each copy of it, in turn."""
    found = []
    for number, picture in enumerate(pictures):
        pixels = images.resize(picture.pixels(), SIDE)
        seen = [
            camera.photograph(pixels, noise.stream(0, number, copy, "copy"), plan.strength)
            for copy in range(plan.copies)
        ]
        with torch.inference_mode():
            found.append(network.lines(recogniser.as_input([pixels, *seen])).numpy())
        on_progress(number + 1, len(pictures))
    return np.concatenate(found)


def fit(network: PalmprintNet, features: Features, palms: Sequence[str], plan: RecogniserPlan) -> None:
    """Set the network's linear map: principal components, then Fisher's discriminant (Belhumeur et al. 1997)."""
    counts = Counter(palms)
    if len([palm for palm, count in counts.items() if count > 1]) < FEWEST_PALMS:
        raise RecogniserError(
            f"To learn what differs between palms there must be {FEWEST_PALMS} palms with several pictures; "
            f"there are {len(counts)} palms on {len(palms)} pictures."
        )
    mean = features.mean(axis=0, dtype=np.float64)
    centred = features - mean.astype(np.float32)
    whiten = _principal(centred, plan.components)  # (features, components)
    seen = centred.astype(np.float64) @ whiten
    names = np.unique(np.asarray(palms), return_inverse=True)[1]
    means = np.stack([seen[names == palm].mean(axis=0) for palm in range(len(counts))])
    within = np.cov((seen - means[names]).T, bias=True)
    even = np.trace(within) / len(within) * np.eye(len(within))
    values, directions = np.linalg.eigh((1 - plan.shrinkage) * within + plan.shrinkage * even)
    equal = directions / np.sqrt(values)  # pictures of one palm now differ alike in every direction
    values, directions = np.linalg.eigh(np.cov((means @ equal).T))
    keep = directions[:, np.argsort(values)[::-1][: network.project.out_features]]
    matrix = np.zeros((features.shape[1], network.project.out_features))
    matrix[:, : keep.shape[1]] = whiten @ equal @ keep
    matrix /= np.abs(matrix).max()  # lengths are made one later; half precision likes small numbers
    with torch.no_grad():
        network.project.weight.copy_(torch.from_numpy(matrix.T))
        network.project.bias.copy_(torch.from_numpy(-mean @ matrix))


def _principal(centred: Features, components: int) -> Matrix:
    """Directions of the largest scatter, scaled so that it is one along each; by the smaller scatter matrix."""
    rows, columns = centred.shape
    is_wide = rows < columns
    products = centred @ centred.T if is_wide else centred.T @ centred
    scatter = products.astype(np.float64) / (rows - 1)
    size = len(scatter)
    values, directions = eigh(scatter, subset_by_index=[max(0, size - components), size - 1])
    real = values > 1e-9 * values[-1]
    values, directions = values[real], directions[:, real]
    if is_wide:
        directions = centred.T @ directions / np.sqrt(values * (rows - 1))
    return np.asarray(directions / np.sqrt(values), np.float64)


def save(
    path: Path, network: PalmprintNet, pictures: Sequence[Picture], measures: dict[str, object], licence: str
) -> str:
    """Write the recogniser in half precision with what it learned from and was measured to do."""
    sources = Counter(picture.source for picture in pictures)
    header = checkpoint.Header(
        kind="recogniser",
        architecture="palmprint",
        arguments={"dim": network.project.out_features},
        recipe="discriminant",
        metrics=measures,
        lineage=[{"source": source, "images": count} for source, count in sorted(sources.items())],
        licence=licence,
        notes={"people": len({picture.person for picture in pictures})},
    )
    return checkpoint.save(path, checkpoint.state_of(network), header, dtype=torch.float16)

"""Whether a folder of made images is what its plan and its manifest say, and whether images made again are the same."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from mlcore import image_folder
from mlcore.errors import OutputError
from mlcore.generator import Model
from mlcore.image_folder import MANIFEST, PLAN, WAY_OUT, Row
from mlcore.making import ORDERS, Order, Singles


@dataclass(frozen=True)
class Verified:
    """What was compared. `wrong` differs from the plan or the manifest or is missing, `strangers` stand in no
    manifest, `differ` are not what the model makes again, `absent` were asked for and not made.
    """

    files: int
    asked: int
    wrong: list[str]
    strangers: list[str]
    remade: int
    differ: list[str]
    absent: int
    same_place: bool

    @property
    def is_whole(self) -> bool:
        """Whether everything that is there is as it should be."""
        return not (self.wrong or self.strangers or self.differ)


def verify(folder: Path, model: Model, archive: Path | None = None, remake: int = 16) -> Verified:
    """Compare every file with plan and manifest, and make `remake` of them again."""
    plan = image_folder.read_plan(folder)
    if plan is None:
        raise OutputError(f"{folder} has no {PLAN}: nothing was made here.")
    order = _order(folder, plan, model)
    name = archive or plan.get("archive")
    packed = image_folder.archive_in(folder, str(name)) if name else None
    rows = image_folder.read_manifest(folder)
    if not rows:
        raise OutputError(f"{folder} has no {MANIFEST} with images in it.")
    right = {index: row for index, row in rows.items() if _is_of(order, row)}
    missing = [index for index in order.indices() if index not in rows]
    lost = _lost(missing, order, max(right, default=-1) if packed is None else None)
    wrong = [row.file for row in rows.values() if row.index not in right]
    wrong += _damaged(folder, packed, right) + [order.place(index).file for index in lost]
    chosen = sorted(right)[:: max(1, len(right) // max(remake, 1))][:remake]
    return Verified(
        files=len(rows),
        asked=order.spec.count,
        wrong=sorted(wrong),
        strangers=image_folder.strangers(folder, packed, rows.values()),
        remade=len(chosen),
        differ=_differing(order, [right[index] for index in chosen]),
        absent=len(missing) - len(lost),
        same_place=all(plan.get(key) == value for key, value in model.place.items()),
    )


def _order(folder: Path, plan: Mapping[str, Any], model: Model) -> Order:
    """What the folder was begun with."""
    layout = str(plan.get("layout", Singles.layout))
    if layout not in ORDERS:
        raise OutputError(f"{folder} has the layout {layout!r}, which this program does not make.")
    kind, spec = ORDERS[layout]
    try:
        checkpoint, wish = str(plan["checkpoint"]), {field.name: plan[field.name] for field in fields(spec)}
    except KeyError as error:
        raise OutputError(f"{folder / PLAN} does not say the {error.args[0]}; {WAY_OUT}.") from error
    if checkpoint != model.sha256:
        raise OutputError(f"{folder} was made with another checkpoint ({checkpoint[:12]}...).")
    return kind(model, spec(**wish))


def _is_of(order: Order, row: Row) -> bool:
    """Whether this is how the order names an image; only what it names is read, and never outside its folder."""
    is_asked = row.index in order.indices() and row.seed == order.spec.seed
    return is_asked and row.place == order.place(row.index)


def _lost(missing: list[int], order: Order, last: int | None) -> list[int]:
    """Images without a row that neither fell short nor lie behind the last one, where the making was stopped.

    They are made in the order of their indices, so a stop leaves no gap; an archive, which has no `last`, is packed
    when all are there.
    """
    if order.may_fall_short:
        return []
    return [index for index in missing if last is None or index < last]


def _damaged(folder: Path, packed: Path | None, rows: Mapping[int, Row]) -> list[str]:
    """Files that are missing or have other bytes than their rows say; an archive has its own copy of the manifests."""
    hashes = {row.file: row.sha256 for row in rows.values()}
    if packed is not None:
        hashes |= {
            name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in (MANIFEST, PLAN)
        }
    found = zip(hashes, image_folder.contents(folder, packed, hashes), strict=True)
    return [file for file, data in found if data is None or hashlib.sha256(data).hexdigest() != hashes[file]]


def _differing(order: Order, rows: list[Row]) -> list[str]:
    """Files whose images, made again, have other bytes or another score than their rows say."""
    again = {
        image.index: image_folder.row_of(
            image, order.place(image.index), image_folder.encode(image, order.recipe(image.index))
        ).cells()
        for image in order.images([row.index for row in rows])
    }
    return [row.file for row in rows if again.get(row.index) != row.cells()]

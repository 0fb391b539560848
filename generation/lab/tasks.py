"""The handlers of the lab's jobs: rows in, files through the pipeline, rows out inside the guard. Worker only."""

import logging
import shutil
import time
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from accounts import ledger
from accounts.errors import NotFound, OverQuota
from generation.jobs.context import JobContext
from generation.jobs.errors import JobFailed
from generation.lab import messages, pipeline, reading, services, sources, storage
from generation.lab.limits import RESNET18, WEIGHTS_PLACE, limits, resnet18_weights
from generation.lab.models import LABELS, Dataset, Fit, Prediction
from generation.sets import storage as set_files
from generation.uploads import refusals
from mlcore.archive import ArchiveError, Limits
from mlcore.errors import MlcoreError, NotTheseWeights

EVERY_SECONDS = 0.5
log = logging.getLogger(__name__)


class _Paced:
    """Tells the job's progress twice a second, however often it is called, and always looks whether to stop."""

    def __init__(self, context: JobContext, message: str) -> None:
        self._context, self._message, self._last = context, message, 0.0

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._last >= EVERY_SECONDS or (total and done == total):
            self._last = now
            self._context.progress(done, total, self._message)
        self._context.check()


def run_dataset(context: JobContext) -> None:
    """Unpack a data set, look at it, keep it; a refused one leaves nothing behind."""
    dataset = Dataset.objects.select_related("owner").filter(pk=context.subject_id).first()
    if dataset is None or dataset.is_ready:
        return
    part = dataset.folder.with_name(f"{dataset.folder.name}.{context.attempt}.part")
    storage.forget_attempts(dataset.folder)
    part.mkdir(mode=0o750, parents=True)
    try:
        check_enough = _check_tree if dataset.source["kind"] == sources.ARCHIVE else _check_sides
        kept = _read(context, dataset, part)
        check_enough(kept)
        eda = reading.look(part, kept, _Paced(context, messages.LOOKING))
        check_enough(kept)
        size = set_files.bytes_in(part)
        with context.guard():
            if services.dataset_read(dataset, images=kept.images, size=size, eda=eda):
                shutil.rmtree(dataset.folder, ignore_errors=True)
                part.replace(dataset.folder)
    except OverQuota as error:
        raise JobFailed(
            error.code, messages.OVER_QUOTA, {"size": set_files.bytes_in(part) // 2**20}
        ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _read(context: JobContext, dataset: Dataset, part: Path) -> reading.Kept:
    source, owner = dataset.source, dataset.owner
    upload = sources.upload_of(source, owner.pk)
    if upload is None and "upload" in source:
        raise JobFailed("upload_gone", messages.UPLOAD_GONE)
    bounds, tell = limits(), _Paced(context, messages.READING)
    # What the archive frees by going counts as room for what it unpacks to.
    left = ledger.usage(owner)["bytes"].left
    freed = upload.size if upload is not None else 0
    unpacked = bounds.unpacked_bytes if left is None else min(bounds.unpacked_bytes, left + freed)
    allowed = Limits(
        max_entries=bounds.entries,
        max_member_bytes=bounds.image_bytes,
        max_total_bytes=unpacked,
        honest_paths=True,
    )
    try:
        if upload is not None and source["kind"] == sources.ARCHIVE:
            return reading.read_tree(upload.path, allowed, part, bounds.image_pixels, tell)
        made = sources.set_images(source, owner.pk)
        brought = reading.photos_of(upload.path, allowed) if upload is not None else ()
        photos = chain(sources.reference_photos(source, owner), brought)
        return reading.read_parts(photos, made, part, bounds.image_pixels, dataset.seed, tell)
    except ArchiveError as error:
        raise JobFailed("archive_refused", *refusals.of_files(error)) from error
    except NotFound as error:
        raise JobFailed("reference_gone", messages.REFERENCE_GONE) from error
    except FileNotFoundError as error:
        raise JobFailed("source_gone", messages.SETS_GONE) from error


def _check_tree(kept: reading.Kept) -> None:
    """Whether an archive of a whole tree holds what can be learned from and judged on."""
    missing = kept.missing()
    if spoilt := [part for part in missing if part in kept.spoilt]:
        raise _none_usable(kept, spoilt)
    if missing:
        raise JobFailed("no_tree", messages.NO_TREE, {"missing": _listed(missing)})
    for label in ("real", "fake"):
        if kept.counts["train", label] < 2:
            raise JobFailed("too_few", messages.FEW, {"label": label})


def _none_usable(kept: reading.Kept, parts: Sequence[reading.Part]) -> JobFailed:
    """Files stand in these parts, so what to mend are the files: why, of the first, and how many they are."""
    first = kept.spoilt[parts[0]]
    params = {
        "parts": _listed(parts),
        "count": sum(kept.spoilt[part].count for part in parts),
        "file": first.name[-refusals.LONGEST_FILE :],
    }
    return JobFailed("none_usable", messages.NONE_USABLE[first.reason], params)


def _listed(parts: Iterable[reading.Part]) -> str:
    return ", ".join(map(reading.name_of, parts))


def _check_sides(kept: reading.Kept) -> None:
    """The same of photographs and sets, whose tree is drawn here."""
    for label, message in messages.FEW_TO_DRAW.items():
        if kept.counts["train", label] < 2 or not kept.counts["test", label]:
            raise JobFailed("too_few", message)


def run_fit(context: JobContext) -> None:
    """Fit a model; its weights come to their place in the transaction that says so."""
    made = Fit.objects.select_related("dataset").filter(pk=context.subject_id).first()
    if made is None or made.is_ready:
        return
    if made.dataset is None:
        raise JobFailed("dataset_gone", messages.DATASET_GONE)
    weights = resnet18_weights() if made.settings["backbone"] == RESNET18 else None
    history: list[dict[str, Any]] = []
    shown = time.monotonic()

    learned = sum(made.dataset.eda["train"][f"{label}_cnt"] for label in LABELS)
    learning = _Paced(context, messages.LEARNING)

    def on_epoch(epoch: dict[str, Any]) -> None:
        nonlocal shown
        history.append(epoch)
        learning(round(epoch["epoch"] * learned), made.settings["num_epochs"] * learned)
        if time.monotonic() - shown > EVERY_SECONDS:
            shown = time.monotonic()
            with context.guard():
                services.fit_epoch(made, history)

    part = made.path.with_name(f"{made.path.name}.{context.attempt}.part")
    own_table = made.path.with_name(f"{made.path.name}.{context.attempt}.features.part")
    own_table.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
    storage.forget_attempts(made.path)
    try:
        tell = _Paced(context, messages.EMBEDDING)
        eye = pipeline.network(weights)
        table = _kept_table(context, made.dataset, eye, made.settings["input_size"]) or own_table
        fitted = pipeline.fit(made.dataset.folder, table, made.settings, eye, tell, on_epoch)
        pipeline.write_model(part, fitted.model)
        with context.guard():
            report = fitted.report | {"in_both": made.dataset.eda["duplicates"]["across"]}
            if services.fit_done(made, report=report, history=fitted.history):
                part.replace(made.path)
    except FileNotFoundError as error:
        raise JobFailed("dataset_gone", messages.DATASET_GONE) from error
    except NotTheseWeights as error:
        raise _bad_weights() from error
    except MlcoreError as error:
        log.warning("fit %s: %s", made.pk, error)
        raise JobFailed("cannot_fit", messages.NO_FIT) from error
    finally:
        part.unlink(missing_ok=True)
        for left in own_table.parent.glob(f"{own_table.name}*"):
            left.unlink()


def _bad_weights() -> JobFailed:
    """What the operator put in the place of ResNet18's weights is something else; it is named as the page names it."""
    return JobFailed("bad_weights", messages.BAD_WEIGHTS, {"file": WEIGHTS_PLACE})


def _kept_table(context: JobContext, dataset: Dataset, eye: pipeline.Network, size: int) -> Path | None:
    """Where features are kept for the next fit; None when their owner has no room for them."""
    name = pipeline.features_name(eye, size)
    with context.guard():
        is_kept = services.keep_features(
            dataset, name=name, size=pipeline.features_bytes(eye, dataset.images)
        )
    return dataset.folder / name if is_kept else None


def run_prediction(context: JobContext) -> None:
    """Ask the model about the images that came."""
    prediction = Prediction.objects.select_related("fit", "owner").filter(pk=context.subject_id).first()
    if prediction is None or prediction.is_ready:
        return
    tell = _Paced(context, "")
    try:
        results = pipeline.ask(
            prediction.fit.path,
            prediction.folder,
            prediction.names,
            resnet18_weights(),
            prediction.threshold,
            limits().image_pixels,
            tell,
        )
    except NotTheseWeights as error:
        raise _bad_weights() from error
    except MlcoreError as error:
        log.warning("prediction %s: %s", prediction.pk, error)
        raise JobFailed("no_answer", messages.NO_ANSWER) from error
    try:
        with context.guard():
            size = storage.pictures_bytes(prediction.folder)
            kept = services.predicted(prediction, results, size=size)
    except OverQuota as error:
        raise JobFailed(error.code, messages.NO_ROOM_FOR_PICTURES) from error
    if kept:
        storage.forget_received(prediction.folder)
    else:
        storage.forget(prediction.folder)

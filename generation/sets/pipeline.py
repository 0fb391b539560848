"""The worker's side of an order: engine in, files and rows out, batch by batch under the job's claim.

An image is a function of its recipe, so a chunk that is done again writes the same bytes over the same names.
"""

import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from django.conf import settings

from accounts.errors import NotFound
from accounts.models import User
from generation.jobs.context import JobContext
from generation.jobs.errors import JobFailed
from generation.sets import judges, messages, scores, selectors, storage
from generation.sets.models import Chunk, Image, ImageSet, Scoring
from mlcore import engine, images
from mlcore.errors import CheckpointError, MlcoreError
from mlcore.generator import Model
from mlcore.image_folder import encode

BATCH = 16
THUMB_SIDE = 160
THUMB_QUALITY = 80
SCORED_AT_ONCE = 64
MOST_PIXELS = 50_000_000
PLACE = ("machine", "torch", "backend")
SEVERAL = ", "


@dataclass(frozen=True)
class Made:
    """One image as bytes, with what its row says."""

    row: Image
    png: bytes
    thumb: bytes


def make_chunk(chunk: Chunk, context: JobContext) -> None:
    """Make what is missing of a chunk; every batch is kept before the next is begun."""
    order = chunk.order
    image_set, spec = order.image_set, order.wish
    model = _model(chunk)
    wanted = range(chunk.first_index, chunk.first_index + chunk.count)
    there = set(Image.objects.filter(image_set=image_set, index__in=wanted).values_list("index", flat=True))
    missing = [index for index in wanted if index not in there]
    done = chunk.count - len(missing)
    storage.forget_partials(image_set, set(missing))
    stream = engine.generate(spec, model, indices=missing)
    recipe = engine.recipe(model, spec, 0)
    while batch := list(islice(stream, BATCH)):
        made = [_made(image, image_set, {**recipe, "index": image.index}) for image in batch]
        _keep_files(image_set, made)
        done += len(made)
        with context.guard():
            _keep_rows(made)
            Chunk.objects.filter(pk=chunk.pk).update(done=done)
            _note_makers(image_set, recipe)
        context.progress(done)
    with context.guard():
        Chunk.objects.filter(pk=chunk.pk).update(short=chunk.count - done)


def _model(chunk: Chunk) -> Model:
    checkpoint = chunk.order.checkpoint
    partner = checkpoint.partner
    try:
        model = engine.load(
            storage.checkpoint_path(checkpoint), storage.checkpoint_path(partner) if partner else None
        )
    except CheckpointError as error:
        raise JobFailed("model_broken", messages.MODEL_BROKEN, {"reason": str(error)}) from error
    if model.sha256 != checkpoint.sha256:
        raise JobFailed("model_changed", messages.MODEL_BROKEN, {"reason": "sha256"})
    return model


def _made(image: engine.GeneratedImage, image_set: ImageSet, recipe: dict[str, Any]) -> Made:
    png = encode(image, recipe)
    row = Image(
        image_set=image_set,
        index=image.index,
        seed=image.seed,
        score=image.score,
        size=len(png),
        crc32=zlib.crc32(png),
        sha256=hashlib.sha256(png).hexdigest(),
        pixels_sha256=pixels_sha256(image.pixels),
    )
    return Made(row, png, thumbnail(image.pixels))


def pixels_sha256(pixels: images.Pixels) -> str:
    """The identity of a picture whatever file it stands in: size and RGB bytes."""
    height, width = pixels.shape[:2]
    content = np.ascontiguousarray(pixels)
    return hashlib.sha256(f"{width}x{height}:".encode() + content.tobytes()).hexdigest()


def thumbnail(pixels: images.Pixels) -> bytes:
    """A small WebP for galleries; never enlarged."""
    small = images.resize(pixels, THUMB_SIDE) if pixels.shape[0] > THUMB_SIDE else pixels
    ok, data = cv2.imencode(".webp", small[:, :, ::-1], [cv2.IMWRITE_WEBP_QUALITY, THUMB_QUALITY])
    if not ok:
        raise ValueError("OpenCV could not write a WebP")
    return bytes(data)


def _keep_files(image_set: ImageSet, made: list[Made]) -> None:
    try:
        for one in made:
            storage.keep(storage.image_path(image_set, one.row.index), one.png)
            storage.keep(storage.thumb_path(image_set, one.row.index), one.thumb)
    except OSError as error:
        if storage.is_no_room(error):
            raise JobFailed("no_room", messages.NO_ROOM) from error
        raise


def _keep_rows(made: list[Made]) -> None:
    Image.objects.bulk_create(
        [one.row for one in made],
        update_conflicts=True,
        unique_fields=["image_set", "index"],
        update_fields=["seed", "score", "size", "crc32", "sha256", "pixels_sha256"],
    )


def _note_makers(image_set: ImageSet, recipe: dict[str, Any]) -> None:
    """Where the promise of equal bytes holds, and which palmsite made them; all of them where they were several."""
    makers = {"palmsite": settings.PALMSITE_VERSION, **{name: recipe[name] for name in PLACE}}
    if all(value in _several(image_set.recipe, name) for name, value in makers.items()):
        return
    # Chunks of one order end on several workers at once: each adds to what stands there now.
    row = ImageSet.objects.select_for_update().filter(pk=image_set.pk).first()
    if row is None:
        return
    noted = {
        name: SEVERAL.join(dict.fromkeys([*_several(row.recipe, name), value]))
        for name, value in makers.items()
    }
    image_set.recipe = {**row.recipe, "discriminator": recipe["discriminator"], **noted}
    ImageSet.objects.filter(pk=row.pk).update(recipe=image_set.recipe)


def _several(recipe: dict[str, Any], name: str) -> list[str]:
    return recipe[name].split(SEVERAL) if recipe.get(name) else []


def score(scoring: Scoring, context: JobContext) -> None:
    """Judge what has not been judged yet; every batch is kept before the next is begun."""
    image_set = scoring.image_set
    probe = _probe(scoring)
    there = Image.objects.filter(image_set=image_set, deleted_at__isnull=True)
    if scoring.image_id is not None:
        there = there.filter(pk=scoring.image_id)
    missing = list(there.exclude(scores__scorer=scoring.scorer).order_by("index"))
    total = there.count()
    done = total - len(missing)
    for at in range(0, len(missing), SCORED_AT_ONCE):
        batch = missing[at : at + SCORED_AT_ONCE]
        found = _ask(probe, image_set, batch)
        with context.guard():
            scores.keep(zip(batch, found, strict=True), scoring.scorer)
        done += len(batch)
        context.progress(done, total)


def _probe(scoring: Scoring) -> judges.Probe:
    try:
        return judges.load(scoring.image_set.owner, scoring.scorer)
    except NotFound as error:
        raise JobFailed("gone", messages.GONE) from error
    except (MlcoreError, FileNotFoundError) as error:
        raise JobFailed("model_broken", messages.MODEL_BROKEN, {"reason": str(error)}) from error


def _ask(probe: judges.Probe, image_set: ImageSet, batch: list[Image]) -> Sequence[float]:
    try:
        return probe([storage.image_path(image_set, image.index) for image in batch])
    except (OSError, MlcoreError) as error:
        # Which of them it was is found by asking one by one.
        if len(batch) > 1:
            return [value for image in batch for value in _ask(probe, image_set, [image])]
        raise JobFailed("file_broken", messages.FILE_BROKEN, {"file": batch[0].file_name}) from error


def discriminator(_user: User, name: str) -> judges.Probe:
    """A discriminator of this room by name, as `judges` wants it."""
    row = selectors.judges().filter(name=name).first()
    if row is None:
        raise NotFound(name)
    scorer = engine.load_scorer(storage.checkpoint_path(row))

    def probe(paths: Sequence[Path]) -> Sequence[float]:
        pictures = [images.decode(path.read_bytes(), MOST_PIXELS) for path in paths]
        return [float(value) for value in scorer.probabilities(pictures)]

    return probe

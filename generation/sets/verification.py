"""Verifies models and registers the zoo. Reads weights, so only workers and commands import it."""

import hashlib
import json
import logging
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from django.db import transaction
from django.db.models.functions import Now

from accounts.models import User
from generation.jobs.context import JobContext
from generation.sets import headers, storage
from generation.sets.models import Checkpoint
from mlcore import checkpoint as checkpoints
from mlcore import engine, images, zoo_index
from mlcore.errors import CheckpointMissing, MlcoreError
from mlcore.generator import Model
from mlcore.image_folder import encode
from mlcore.models.dcgan import DcganDiscriminator, DcganGenerator
from mlcore.spec import GenerationSpec

log = logging.getLogger(__name__)

SAMPLES = 16
SLOW = 2.0  # seconds for all samples
STAND_IN = "stand-in"


def verify(row: Checkpoint, context: JobContext | None = None) -> Checkpoint:
    """Read, build and run a model; what is found goes into its row, a refusal with its reason."""
    path = storage.checkpoint_path(row)
    try:
        loaded = checkpoints.load(path)
        headers.check(asdict(loaded.header))
        facts = _facts(loaded)
        if loaded.header.kind == "generator":
            facts |= _run(row, path)
        else:
            checkpoints.build(loaded)
        facts |= {"state": _state_after(row), "code": "", "message": ""}
    except headers.HeaderRefused as error:
        facts = _rejected(error.code, error.detail)
    except CheckpointMissing:
        facts = _rejected(CheckpointMissing.__name__)
    except MlcoreError as error:
        # The file is named by its hash here, which tells nobody anything.
        facts = _rejected(type(error).__name__, str(error).removeprefix(f"{path.name}: "))
    except (TypeError, ValueError, LookupError, ArithmeticError, AttributeError) as error:
        # What a header of the right form and the wrong content leads the engine to.
        log.warning("model %s cannot be run", row.name, exc_info=True)
        facts = _rejected("not_runnable", f"{type(error).__name__}: {error}"[: headers.LONGEST_DETAIL])
    guard = context.guard() if context is not None else transaction.atomic()
    with guard:
        Checkpoint.objects.filter(pk=row.pk).update(**facts)
    row.refresh_from_db()
    return row


def _rejected(code: str, detail: str = "") -> dict[str, Any]:
    return {"state": Checkpoint.State.REJECTED, "is_default": False, "code": code, "message": detail}


def _state_after(row: Checkpoint) -> str:
    return row.state if row.state in (Checkpoint.State.PUBLISHED, Checkpoint.State.RETIRED) else "verified"


def _facts(loaded: checkpoints.Checkpoint) -> dict[str, Any]:
    """What the header and the tensors say."""
    header = json.loads(loaded.header.to_json())
    partner = (
        Checkpoint.objects.filter(sha256=loaded.header.partner).first() if loaded.header.partner else None
    )
    return {
        "kind": loaded.header.kind,
        "sha256": loaded.sha256,
        "header": header,
        "partner": partner,
        "subject": loaded.header.notes.get("subject", "palm"),
        "parameters": sum(tensor.numel() for tensor in loaded.state.values()),
        "image_size": loaded.header.arguments.get("image_size", 0),
    }


def _run(row: Checkpoint, path: Path) -> dict[str, Any]:
    """Make sixteen samples: that it works, how they look, how long it takes, how large they are."""
    partner = (
        row.partner or Checkpoint.objects.filter(sha256=checkpoints.peek(path).partner or "none").first()
    )
    model = engine.load(path, storage.checkpoint_path(partner) if partner else None)
    spec = GenerationSpec(count=SAMPLES, seed=0)
    made, seconds = _timed(spec, model)
    if seconds < SLOW:  # the first run pays for warming up; of a slow model that is a small part
        made, seconds = _timed(spec, model)
    recipe = engine.recipe(model, spec, 0)
    size = sum(len(encode(image, {**recipe, "index": image.index})) for image in made) // SAMPLES
    pixels = np.stack([image.pixels for image in made])
    storage.keep(
        storage.grid_path_of(model.sha256), images.encode_png(images.grid(pixels, 4), synthetic=True)
    )
    for image in made:
        storage.keep(
            storage.sample_path_of(model.sha256, image.index), images.encode_png(image.pixels, synthetic=True)
        )
    return {"seconds_per_image": seconds / SAMPLES, "bytes_per_image": size, "image_size": model.image_size}


def _timed(spec: GenerationSpec, model: Model) -> tuple[list[engine.GeneratedImage], float]:
    """The samples, and the seconds that they took."""
    began = time.perf_counter()
    made = list(engine.generate(spec, model))
    return made, time.perf_counter() - began


def sync_zoo() -> list[Checkpoint]:
    """Register and publish the models that ship; those that are known and unchanged are not read again."""
    touched = []
    shipped = [(path, header.kind) for path, header in zoo_index.checkpoints(zoo_index.ZOO)]
    known = {row.name: row for row in Checkpoint.objects.filter(source=Checkpoint.Source.ZOO)}
    # Discriminators first: a generator's row names the one that judges it.
    for path in [path for kind in ("discriminator", "generator") for path, its in shipped if its == kind]:
        row = known.get(path.stem)
        digest = _sha256(path)
        if (
            row
            and row.sha256 == digest
            and row.state != Checkpoint.State.REJECTED
            and storage.grid_is_kept(row)
        ):
            continue
        touched.append(_register(path, digest))
    _set_default()
    if not Checkpoint.objects.published().exists():
        touched.append(_stand_in())
    elif touched:
        Checkpoint.objects.filter(is_stand_in=True).update(state=Checkpoint.State.RETIRED, is_default=False)
        _set_default()
    return touched


def _register(path: Path, digest: str) -> Checkpoint:
    """A zoo file as a row; a model whose file was replaced becomes a new row, the old one keeps its sets."""
    old = Checkpoint.objects.filter(name=path.stem).exclude(sha256=digest).first()
    if old is not None:
        old.name = f"{old.name}-{old.sha256[:8]}"[:64]
        old.state, old.is_default = Checkpoint.State.RETIRED, False
        old.save(update_fields=["name", "state", "is_default"])
    row, _ = Checkpoint.objects.get_or_create(
        sha256=digest,
        defaults={"name": path.stem, "source": Checkpoint.Source.ZOO, "file": path.name},
    )
    row = verify(row)
    if row.state == Checkpoint.State.VERIFIED:
        publish(row, by=None)
    return row


def publish(row: Checkpoint, *, by: User | None) -> None:
    """Offer a verified model."""
    Checkpoint.objects.filter(pk=row.pk, state__in=["verified", "retired"]).update(
        state=Checkpoint.State.PUBLISHED, published_by=by, published_at=Now()
    )
    row.refresh_from_db()


def _set_default() -> None:
    """The zoo's default is the site's until an administrator chooses another."""
    if Checkpoint.objects.filter(is_default=True, state="published", is_stand_in=False).exists():
        return
    wanted = zoo_index.default_name() if (zoo_index.ZOO / zoo_index.INDEX).is_file() else ""
    rows = Checkpoint.objects.published().filter(is_stand_in=False)
    row = rows.filter(name=wanted).first() or rows.first()
    if row is not None:
        Checkpoint.objects.filter(is_default=True).update(is_default=False)
        Checkpoint.objects.filter(pk=row.pk).update(is_default=True)


def _stand_in() -> Checkpoint:
    """A tiny untrained network, so that the whole site works before a model is trained. It says what it is."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        generator, discriminator = DcganGenerator(64, 16, 4), DcganDiscriminator(64, 4)
    folder = storage.media("checkpoints")
    notes = {"about": "untrained: a stand-in until a trained model is added"}
    partner = checkpoints.save(
        folder / f"{STAND_IN}-d.safetensors",
        checkpoints.state_of(discriminator),
        checkpoints.Header(
            kind="discriminator",
            architecture="dcgan-discriminator",
            arguments={"image_size": 64, "width": 4},
            notes=notes,
        ),
    )
    digest = checkpoints.save(
        folder / f"{STAND_IN}.safetensors",
        checkpoints.state_of(generator),
        checkpoints.Header(
            kind="generator",
            architecture="dcgan-generator",
            arguments={"image_size": 64, "latent_size": 16, "width": 4},
            partner=partner,
            notes=notes,
        ),
    )
    for name, sha256 in ((f"{STAND_IN}-d", partner), (STAND_IN, digest)):
        row, _ = Checkpoint.objects.get_or_create(
            sha256=sha256,
            defaults={
                "name": name,
                "source": Checkpoint.Source.UPLOAD,
                "file": f"{name}.safetensors",
                "is_stand_in": True,
            },
        )
        verify(row)
        publish(row, by=None)
    row.refresh_from_db()
    Checkpoint.objects.filter(pk=row.pk).update(is_default=True)
    row.refresh_from_db()
    return row


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

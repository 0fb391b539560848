"""One thing of every kind that alice has, with its files, so that every address of the site can be asked for hers.

`VALUES` says which thing stands for which part of an address: an address with a part that is not named there has no
case, and the test of ownership fails.
"""

import io
from dataclasses import dataclass
from datetime import timedelta

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image as Pillow

from accounts import tokens
from generation.evaluation.models import Comparison, Evaluation, Panel, Reference
from generation.jobs import demo
from generation.jobs.models import Job
from generation.lab import storage as lab_files
from generation.lab.models import Dataset, Fit, Prediction
from generation.sets import services, sharing, storage
from generation.sets.models import Delivery, Export, Image, ImageSet, Webhook
from generation.uploads import services as uploads
from mlcore.spec import GenerationSpec

NAME = "alices-own"
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Belongings:
    """What stands for the parts of addresses, by the name of the part; `lab` is for the lab's names."""

    values: dict[str, object]
    lab: dict[str, object]


def picture() -> bytes:
    """A small PNG."""
    buffer = io.BytesIO()
    Pillow.new("RGB", (8, 8), (200, 160, 140)).save(buffer, "PNG")
    return buffer.getvalue()


def gather(alice, model, image_set: ImageSet) -> Belongings:
    """Make one of everything for alice, beside a set that is there already."""
    order = services.order_images(by=alice, checkpoint=model, spec=GenerationSpec(count=4, seed=1))
    job = _job(alice)
    share, _secret = sharing.make_link(by=alice, image_set=image_set)
    return Belongings(
        values={
            "set_id": image_set.pk,
            "image_id": _with_files(image_set).pk,
            "share_id": share.pk,
            "order_id": order.pk,
            "token_id": tokens.create(by=alice, name=NAME)[0].pk,
            "job_id": job.pk,
            "upload_id": uploads.begin(by=alice, purpose="lab-dataset", name=f"{NAME}.zip", size=10).pk,
            "number": 0,
            "index": 0,
            **_of_sets(alice, image_set),
            **_of_evaluation(alice, image_set, job),
        },
        lab=_of_the_lab(alice),
    )


def _with_files(image_set: ImageSet) -> Image:
    image = image_set.images.order_by("index")[0]
    storage.keep(storage.image_path(image_set, image.index), picture())
    return image


def _job(alice) -> Job:
    job = Job.objects.create(
        kind=demo.KIND, owner=alice, queue="short", state="done", attempt=1, finished_at=timezone.now()
    )
    storage.keep(demo.picture_path(job.pk), picture())
    return job


def _of_sets(alice, image_set: ImageSet) -> dict[str, object]:
    export = Export.objects.create(
        owner=alice, image_set=image_set, set_version=image_set.version, format="jpeg", state="ready",
        count=1, size=3, sha256="e" * 64, expires_at=timezone.now() + HOUR,
    )  # fmt: skip
    storage.keep(storage.media(export.path), b"zip")
    webhook = Webhook.objects.create(owner=alice, url="https://alice.example/hook", secret="s" * 43)
    delivery = Delivery.objects.create(webhook=webhook, event="order", next_at=timezone.now() + HOUR)
    return {"export_id": export.pk, "webhook_id": webhook.pk, "delivery_id": delivery.pk}


def _of_evaluation(alice, image_set: ImageSet, job: Job) -> dict[str, object]:
    reference = Reference.objects.create(
        owner=alice, name=NAME, content="c" * 64, n=1, keeps_photos=True, request={"file": NAME}
    )
    storage.keep(reference.photos_folder / "000000.png", picture())
    measured = {"spec": {"extractor": "lite2", "reference": NAME, "seed": 0, "matched": False}, "job": job}
    evaluation = Evaluation.objects.create(
        image_set=image_set, reference=reference, done_by=alice, **measured
    )
    comparison = Comparison.objects.create(owner=alice, sets=[str(image_set.pk)], **measured)
    panel = Panel.objects.create(image_set=image_set, begun_by=alice, items=[{"made": 0}], side=8)
    return {
        "reference_id": reference.pk,
        "evaluation_id": evaluation.pk,
        "comparison_id": comparison.pk,
        "panel_id": panel.pk,
        "item": 0,
    }


def _of_the_lab(alice) -> dict[str, object]:
    dataset = Dataset.objects.create(
        owner=alice, name=NAME, source={"kind": "archive"}, state="failed", code="empty"
    )
    for split in ("train", "test"):
        for label in ("real", "fake"):
            storage.keep(lab_files.mosaic_path(dataset.folder, split, label), picture())
    settings = {
        "batch_size": 32,
        "lr": 0.1,
        "C": 1.0,
        "num_epochs": 5,
        "input_size": 32,
        "backbone": "lite0",
        "seed": 1,
    }
    fit = Fit.objects.create(
        owner=alice,
        name=NAME,
        dataset=dataset,
        dataset_name=NAME,
        settings=settings,
        state="failed",
        code="empty",
    )
    answer = {"index": 0, "name": "a.png", "real": 0.9, "fake": 0.1, "verdict": "REAL", "has_map": True}
    prediction = Prediction.objects.create(
        owner=alice,
        fit=fit,
        threshold=0.5,
        names=["a.png"],
        results=[answer],
        state="ready",
        expires_at=timezone.now() + HOUR,
    )
    for path in (lab_files.picture_path, lab_files.map_path):
        storage.keep(path(prediction.folder, 0), picture())
    return {
        "name": NAME,
        "split": "train",
        "label": "real",
        "kind": "data",
        "prediction_id": prediction.pk,
        "index": 0,
    }


def file(name: str = "palm.png") -> SimpleUploadedFile:
    """A picture as a form sends it."""
    return SimpleUploadedFile(name, picture(), content_type="image/png")

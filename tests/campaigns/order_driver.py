"""Stands in for a web server in the campaigns on orders: the commands of the jobs' driver, and those of sets."""

import hashlib
import io
from pathlib import Path

from tests.jobs.driver import serve  # sets Django up, so it comes first

# isort: split
from django.core.management import call_command
from django.utils import translation

from accounts import ledger
from accounts.models import User
from generation.sets import services, storage
from generation.sets.models import Checkpoint, Image, ImageSet, Order
from mlcore.spec import GenerationSpec
from palmsite import operation

MODEL = "campaign"
QUOTA = 100_000


def publish(generator, judge):
    """Add a model and the discriminator that judges it, verified as an administrator's are."""
    # What the commands say goes nowhere: this process's output is its answers.
    call_command("checkpoint", "add", judge, name=f"{MODEL}-judge", verbosity=0, stdout=io.StringIO())
    call_command("checkpoint", "add", generator, name=MODEL, verbosity=0, stdout=io.StringIO())
    call_command("checkpoint", "publish", MODEL, stdout=io.StringIO())


def order(owner, count, seed=4711, candidates=1):
    """Order images; the name of the order."""
    quotas = {"quota_stored_images": QUOTA, "quota_images_per_order": QUOTA, "quota_orders_at_once": 100}
    user, _made = User.objects.get_or_create(username=owner, defaults=quotas)
    spec = GenerationSpec(count=count, seed=seed, candidates=candidates)
    model = Checkpoint.objects.get(name=MODEL)
    return str(services.order_images(by=user, checkpoint=model, spec=spec).pk)


def resume(order_id):
    """Go on with an order that stopped."""
    found = Order.objects.select_related("owner", "image_set", "checkpoint").get(pk=order_id)
    return services.resume(by=found.owner, order=found).state


def look(order_id):
    """Where the order stands, in a few numbers and its message in English."""
    found = Order.objects.select_related("image_set", "owner").get(pk=order_id)
    with translation.override("en"):
        text = found.text
    chunks = found.chunks.select_related("job")
    return {
        "state": found.state,
        "code": found.code,
        "text": text,
        "kept": found.image_set.images.count(),
        "count": found.image_set.count,
        "partial": found.image_set.is_partial,
        "attempts": sum(chunk.job.attempt for chunk in chunks if chunk.job),
        "running": [str(chunk.job_id) for chunk in chunks if chunk.job and chunk.job.state == "running"],
    }


def account(owner):
    """What the ledger says a person has, and what lies there."""
    user = User.objects.get(username=owner)
    use = ledger.usage(user)
    images = Image.objects.filter(image_set__owner=user)
    return {
        "images": use["images"].used,
        "bytes": use["bytes"].used,
        "rows": images.count(),
        "row_bytes": sum(images.values_list("size", flat=True)),
    }


def site_health():
    """What /healthz says."""
    return operation.health()


def audit_files(order_id):
    """What lies in the set's folder against what its rows say."""
    image_set = ImageSet.objects.get(orders=order_id)
    folder = storage.folder(image_set)
    lying = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if not path.is_dir()}
    rows = {image.file_name: image for image in image_set.images.all()}
    wanted = {*rows, *(f"thumbs/{Path(name).stem}{storage.THUMB_SUFFIX}" for name in rows)}
    digests = {name: _digest(path) for name, path in sorted(lying.items()) if name in wanted}
    return {
        "rows": len(rows),
        "missing": sorted(wanted - lying.keys()),
        "orphaned": sorted(lying.keys() - wanted),
        "torn": [name for name, row in rows.items() if digests.get(name) != row.sha256],
        "digest": hashlib.sha256(repr(list(digests.items())).encode()).hexdigest(),
    }


def _digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    serve(globals())

"""What lies on the disk for this room and what of it may go: asked by the sweep and by the backup."""

from collections.abc import Iterator

from accounts.belongings import Leftover
from generation.sets import exports, storage, trash, webhooks
from generation.sets.models import Checkpoint, Export, Image, ImageSet

FOLDERS = ("sets", "checkpoints", "exports")


def owned() -> Iterator[str]:
    """The files that rows need: pictures, models, the models' samples, and exports."""
    rows = Image.objects.order_by().values_list("image_set_id", "index")
    for set_id, index in rows.iterator():
        folder = ImageSet(pk=set_id).folder
        yield f"{folder}/{index:06d}.png"
        yield f"{folder}/thumbs/{index:06d}{storage.THUMB_SUFFIX}"
    for export in Export.objects.filter(state=Export.State.READY):
        yield str(export.path)
    for checkpoint in Checkpoint.objects.all():
        if checkpoint.source == Checkpoint.Source.UPLOAD:
            yield f"checkpoints/{checkpoint.file}"
        if checkpoint.parameters and checkpoint.kind == Checkpoint.Kind.GENERATOR:
            yield f"checkpoints/samples/{checkpoint.sha256}.png"
            yield f"checkpoints/samples/{checkpoint.sha256}/"


def leftovers() -> Iterator[Leftover]:
    """Trash past its days, previews that nobody kept, exports past theirs, and old messages."""
    yield from trash.leftovers()
    yield from exports.leftovers()
    yield from webhooks.leftovers()

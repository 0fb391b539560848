"""The tables of the sets room, a file a matter; everybody imports them from here.

Fields, constraints, querysets and pure properties; services write.
"""

from generation.sets.models.checkpoints import Checkpoint, CheckpointQuerySet
from generation.sets.models.images import Image, ImageSet, ImageSetQuerySet, Score, Scoring
from generation.sets.models.orders import Chunk, Order
from generation.sets.models.outward import Delivery, Export, Share, Webhook

__all__ = [
    "Checkpoint",
    "CheckpointQuerySet",
    "Chunk",
    "Delivery",
    "Export",
    "Image",
    "ImageSet",
    "ImageSetQuerySet",
    "Order",
    "Score",
    "Scoring",
    "Share",
    "Webhook",
]

"""What campaigns on orders share: a house whose workers make images of a small pair of networks."""

from contextlib import contextmanager
from pathlib import Path

from mlcore import checkpoint
from mlcore.checkpoint import Header
from tests.jobs.house import House
from tests.mlcore import eight_pixels

LEASE = "10"
MAKER = Header(
    kind="generator",
    architecture="dcgan-generator",
    arguments={"image_size": 64, "latent_size": 16, "width": 32},
)
JUDGE = Header(
    kind="discriminator", architecture="dcgan-discriminator", arguments={"image_size": 64, "width": 4}
)


def save_pair(folder: Path) -> tuple[Path, Path]:
    """A generator of 64 pixels, untrained, and its discriminator: quick, yet longer at it than at the database."""
    judge = eight_pixels.save(folder, "judge", JUDGE, seed=1)
    return eight_pixels.save(folder, "maker", MAKER, partner=checkpoint.file_sha256(judge)), judge


@contextmanager
def order_house(folder: Path, database_url: str, **environment: str):
    """A house with that model published and its workers at work."""
    environment = {"PALMSITE_LEASE_SECONDS": LEASE, "OMP_NUM_THREADS": "1", **environment}
    house = House(folder, database_url, workers=1, driver="tests.campaigns.order_driver", **environment)
    try:
        house.call("publish", *map(str, save_pair(folder)))
        house.start()
        yield house
    finally:
        house.stop()


def until_order(house: House, order_id: str, holds, within: float = 300) -> dict:
    """Wait until what `look` says of the order holds, and return it."""
    house.until(lambda: holds(house.call("look", order_id)), within)
    return house.call("look", order_id)

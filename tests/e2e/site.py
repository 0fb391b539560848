"""What a story needs before it begins, put there by the site's own commands: people, and a model that is quick."""

import tempfile
from pathlib import Path

from tests.e2e.house import House
from tests.e2e.people import PASSWORD

MODEL = "quick-palms"
_PEOPLE = """
from accounts.models import User
for name in {names!r}:
    User.objects.create_user(name, email=f"{{name}}@example.org", password={password!r})
"""
_MODEL = """
from django.core.management import call_command
from generation.sets.models import Checkpoint
if not Checkpoint.objects.filter(name={name!r}).exists():
    call_command("checkpoint", "add", {judge!r}, name={name!r} + "-judge")
    call_command("checkpoint", "add", {generator!r}, name={name!r})
    call_command("checkpoint", "publish", {name!r})
"""


def people(house: House, *names: str) -> None:
    """Give accounts to people who were let in already."""
    house.manage("shell", "-v0", "-c", _PEOPLE.format(names=names, password=PASSWORD))


def quick_model(house: House) -> None:
    """Publish a small untrained pair, so that no story waits for whatever model is the default one."""
    # Here, not above: where torch is not installed the other stories still run.
    from mlcore import checkpoint
    from mlcore.checkpoint import Header
    from tests.mlcore import eight_pixels

    made = Header(
        kind="generator",
        architecture="dcgan-generator",
        arguments={"image_size": 64, "latent_size": 16, "width": 32},
    )
    judge = Header(
        kind="discriminator", architecture="dcgan-discriminator", arguments={"image_size": 64, "width": 4}
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        judging = eight_pixels.save(folder, "judge", judge, seed=1)
        making = eight_pixels.save(folder, "made", made, partner=checkpoint.file_sha256(judging))
        house.manage(
            "shell", "-v0", "-c", _MODEL.format(judge=str(judging), generator=str(making), name=MODEL)
        )

"""`manage.py checkpoint`: add, list, verify, publish and sync models from the shell."""

import hashlib
import shutil
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.errors import InvalidInput
from generation.sets import catalogue, storage, verification
from generation.sets.models import Checkpoint


class Command(BaseCommand):
    """Reads weights, so it belongs to the workers' side."""

    help = "Models: add FILE [--name N], list, verify NAME, publish NAME, sync (the models that ship)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One word for what to do and, for most, which model."""
        parser.add_argument("do", choices=("add", "list", "verify", "publish", "sync"))
        parser.add_argument("which", nargs="?", help="a file for add, a name for verify and publish")
        parser.add_argument("--name", help="name of the model that is added; its file's name by default")

    def handle(self, *, do: str, which: str | None, name: str | None, **_: Any) -> None:
        """Do it."""
        if do in ("add", "verify", "publish") and not which:
            raise CommandError(f"Say which: manage.py checkpoint {do} {'FILE' if do == 'add' else 'NAME'}")
        if do == "list":
            self._list()
        elif do == "sync":
            for row in verification.sync_zoo():
                self.stdout.write(
                    f"{row.name}: {row.get_state_display()}{' ' + row.reason if row.reason else ''}"
                )
        elif do == "add":
            self._say(self._add(Path(str(which)), name))
        else:
            found = Checkpoint.objects.filter(name=which).first()
            if found is None:
                raise CommandError(f"There is no model {which!r}; manage.py checkpoint list shows them.")
            self._say(verification.verify(found) if do == "verify" else self._publish(found))

    def _list(self) -> None:
        for row in Checkpoint.objects.select_related("partner"):
            mark = "*" if row.is_default else " "
            self.stdout.write(
                f"{mark} {row.name:32} {row.kind:13} {row.state:10} {row.image_size:4} px  {row.sha256[:12]}"
            )

    def _add(self, path: Path, name: str | None) -> Checkpoint:
        if not path.is_file():
            raise CommandError(f"There is no file {path}.")
        name = name or path.stem
        try:
            catalogue.check_name(name)
        except InvalidInput as error:
            raise CommandError(f"{name!r} cannot be its name. {error} Name it with --name N.") from error
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if Checkpoint.objects.filter(sha256=digest).exists():
            raise CommandError("This very model is there already; manage.py checkpoint list shows it.")
        target = storage.media("checkpoints") / f"{digest}.safetensors"
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_suffix(".part")
        shutil.copyfile(path, partial)
        partial.replace(target)
        row = Checkpoint.objects.create(
            name=name, source=Checkpoint.Source.UPLOAD, file=target.name, sha256=digest
        )
        return verification.verify(row)

    def _publish(self, row: Checkpoint) -> Checkpoint:
        verification.publish(row, by=None)
        if row.state != Checkpoint.State.PUBLISHED:
            raise CommandError(f"{row.name} is {row.state}; only a verified model can be published.")
        return row

    def _say(self, row: Checkpoint) -> None:
        self.stdout.write(f"{row.name}: {row.state}. {row.reason}".rstrip(". ") + ".")

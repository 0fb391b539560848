"""The site's references follow the bank files: those that ship, and those in PALMSITE_DATA/references.

Headers are read with the standard library, so that the web process may do it; features are never opened here.
"""

import hashlib
import json
import logging
import struct
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from generation.evaluation.models import Bank, Reference

log = logging.getLogger(__name__)

FORMAT = "palmsite-bank-1"
MOST_HEADER = 4 * 2**20


@dataclass(frozen=True)
class BankFile:
    """A bank on disk and what its header says."""

    source: str
    path: Path
    header: dict[str, Any]


@transaction.atomic
def sync() -> int:
    """Bring the site's references up to date with the files; how many banks were new or changed."""
    found = list(_files())
    by_content: dict[tuple[str, str], list[BankFile]] = defaultdict(list)
    for one in found:
        by_content[(one.header["role"], one.header["content"])].append(one)
    changed = 0
    for (role, content), files in by_content.items():
        # Banks of one content are one reference in several networks; the shortest name is the common one.
        first = min(files, key=lambda one: (len(one.header["name"]), one.header["name"]))
        reference = _reference(role, content, first.header)
        # The same features under two names are one bank: the file that ships, else the first by name.
        by_network = {(one.header["extractor"], one.header["weights_sha256"]): one for one in reversed(files)}
        changed += sum(_keep_bank(reference, one) for one in by_network.values())
    known = {(one.source, one.path.name) for one in found}
    for bank in Bank.objects.filter(reference__owner__isnull=True).exclude(source=Bank.Source.UPLOAD):
        if (bank.source, bank.file) not in known:
            bank.delete()
    return changed


def read_header(path: Path) -> dict[str, Any]:
    """The palmsite header of a bank; ValueError for any other file."""
    with path.open("rb") as stream:
        (length,) = struct.unpack("<Q", stream.read(8).ljust(8, b"\0"))
        if not 0 < length <= MOST_HEADER:
            raise ValueError("its header has no sensible length")
        table = json.loads(stream.read(length))
    try:
        header: dict[str, Any] = json.loads(table["__metadata__"]["palmsite"])
        texts = ("name", "role", "extractor", "weights_sha256", "content", "format")
        complete = all(isinstance(header[field], str) for field in texts) and isinstance(header["n"], int)
    except (KeyError, TypeError) as error:
        raise ValueError(f"its header lacks {error}") from error
    if not complete or header["format"] != FORMAT:
        raise ValueError(f"its format is not {FORMAT}")
    # Banks from before headers said so are of palms.
    if header.setdefault("subject", Reference.Subject.PALM) not in Reference.Subject.values:
        raise ValueError(f"it shows neither of {', '.join(Reference.Subject.values)}")
    return header


def sha256_of(path: Path) -> str:
    """The hash of a file, read piece by piece."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _files() -> Iterator[BankFile]:
    folders = (
        (Bank.Source.ZOO, Path(settings.BASE_DIR) / "mlcore" / "zoo"),
        (Bank.Source.SITE, Path(settings.PALMSITE_DATA) / "references"),
    )
    for source, folder in folders:
        for path in sorted(folder.glob("*.safetensors")):
            try:
                header = read_header(path)
            except (ValueError, OSError) as error:
                # The zoo holds models beside its banks; among the operator's files this is worth a word.
                if source == Bank.Source.SITE:
                    log.warning("%s is no bank of features: %s", path, error)
                continue
            yield BankFile(source, path, header)


def _reference(role: str, content: str, header: dict[str, Any]) -> Reference:
    ours = Reference.objects.filter(owner__isnull=True, role=role, content=content, request={})
    reference = ours.first()
    if reference is not None:
        if reference.subject != header["subject"]:
            reference.subject = header["subject"]
            reference.save(update_fields=["subject"])
        return reference
    name = header["name"][:70]
    if Reference.objects.filter(owner__isnull=True, name=name).exists():
        name = f"{name}-{content[:8]}"
    return Reference.objects.create(
        name=name,
        subject=header["subject"],
        role=role,
        content=content,
        split=str(header.get("split", ""))[:16],
        lineage=header.get("lineage", []),
        notes=header.get("notes", ""),
        n=header["n"],
    )


def _keep_bank(reference: Reference, found: BankFile) -> bool:
    size = found.path.stat().st_size
    same = reference.banks.filter(source=found.source, file=found.path.name, size=size)
    if same.exists():
        return False
    reference.banks.update_or_create(
        extractor=found.header["extractor"],
        weights_sha256=found.header["weights_sha256"],
        defaults={
            "source": found.source,
            "file": found.path.name,
            "size": size,
            "sha256": sha256_of(found.path),
        },
    )
    return True

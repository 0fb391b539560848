"""References follow the bank files."""

import shutil
from dataclasses import replace

import pytest
from django.conf import settings
from django.urls import reverse

from accounts.errors import InvalidInput
from generation.evaluation import extractors, messages, references, selectors, words
from generation.evaluation.models import Bank, Reference
from generation.sets.models import Checkpoint
from mlcore import gathering, reference

pytestmark = pytest.mark.django_db

ZOO = settings.BASE_DIR / "mlcore" / "zoo"


def test_what_ships_is_there_as_one_reference_in_two_networks_and_its_training_side():
    held, trained = Reference.objects.filter(subject="palm").order_by("role")
    assert (held.name, held.role, held.n) == ("palm-reference", "reference", 314)
    assert {bank.extractor for bank in held.banks.all()} == {"efficientnet-lite0", "efficientnet-lite2"}
    assert (trained.name, trained.role, trained.n) == ("palm-training", "training", 1442)
    assert {source["source"] for source in held.lineage} == {"11k-hands", "human-palm-images"}
    assert all(bank.path.is_file() for bank in Bank.objects.all())


def test_the_notes_of_what_ships_are_told_in_the_readers_language(client, alice):
    shipped = set(Reference.objects.values_list("notes", flat=True))
    assert {*shipped, gathering.NOTES} == set(messages.NOTES)
    client.force_login(alice)
    held = Reference.objects.get(name="palm-reference")
    russian = {"accept-language": "ru"}
    for name, args in (("references", []), ("reference", [held.pk])):
        page = client.get(reverse(f"evaluation:{name}", args=args), headers=russian).content.decode()
        assert "Features of a frozen network" not in page and "Признаки неизменной сети" in page
    told = client.get(f"/api/v1/references/{held.pk}", headers=russian).json()
    assert told["notes"].startswith("Признаки неизменной сети")
    assert Reference(notes="Models").note == "Models", "an operator's own word stays as it was written"


def test_a_second_look_changes_nothing(django_assert_max_num_queries):
    before = list(Bank.objects.values_list("pk", "sha256"))
    with django_assert_max_num_queries(16):
        assert references.sync() == 0
    assert list(Bank.objects.values_list("pk", "sha256")) == before


def test_an_operators_bank_comes_and_goes_with_its_file(settings, alice):
    folder = settings.PALMSITE_DATA / "references"
    folder.mkdir(parents=True)
    ours = reference.load(ZOO / "palm-reference.safetensors")
    ours = replace(ours, header=replace(ours.header, name="ours", content="c" * 64))
    reference.save(ours, folder / "anything.safetensors")
    shutil.copy(ZOO / "palm-training.safetensors", folder / "a-copy-of-what-ships.safetensors")
    assert references.sync() == 1
    assert references.sync() == 0
    assert selectors.reference_named(alice, "ours").banks.get().file == "anything.safetensors"
    (folder / "anything.safetensors").unlink()
    references.sync()
    assert not Bank.objects.filter(source="site").exists()
    with pytest.raises(InvalidInput):
        selectors.reference_named(alice, "ours")


@pytest.mark.parametrize("content", [b"", b"\x00" * 7, b"\xff" * 64, b"\x02\x00\x00\x00\x00\x00\x00\x00{}"])
def test_a_file_that_is_no_bank_is_passed_over(settings, content):
    folder = settings.PALMSITE_DATA / "references"
    folder.mkdir(parents=True)
    (folder / "broken.safetensors").write_bytes(content)
    assert references.sync() == 0


def test_a_reference_that_cannot_lend_photographs_is_refused_in_words_for_every_use(alice):
    for name in ("nobody's", selectors.references_for(alice).first().name):
        with pytest.raises(InvalidInput) as refused:
            selectors.reference_with_photos(alice, name)
        assert refused.value.message == f"There is no reference “{name}” that keeps its photographs."


def test_anothers_reference_is_not_there(alice, charlie):
    own = Reference.objects.create(owner=alice, name="mine", content="c" * 64, n=20)
    Bank.objects.create(
        reference=own, extractor="efficientnet-lite0", source="upload", file="x", size=1, sha256="a" * 64
    )
    assert selectors.reference_named(alice, "mine") == own
    assert selectors.reference_named(alice, str(own.pk)) == own
    for name in ("mine", str(own.pk), "palm-training", "nothing"):
        with pytest.raises(InvalidInput) as refused:
            selectors.reference_named(charlie, name)
        assert "reference" in refused.value.fields
    assert selectors.reference_named(charlie, "").name == "palm-reference"


@pytest.mark.parametrize(
    ("header", "network", "code"),
    [
        ({"notes": {"seen": {"trained": ["a"], "chosen": ["b"]}}}, "a", "trained"),
        ({"notes": {"seen": {"trained": ["a"], "chosen": ["b"]}}}, "b", "chosen"),
        ({"notes": {"seen": {"trained": ["a"], "chosen": ["b"]}}}, "c", "unseen"),
        ({"recipe": "projected"}, "efficientnet-lite0", "trained"),
        ({"recipe": "projected"}, "efficientnet-lite2", "unseen"),
        ({"recipe": "dcgan", "metrics": {"validation": {}}}, "efficientnet-lite0", "chosen"),
        ({"recipe": "dcgan"}, "efficientnet-lite0", "unseen"),
        ({}, "efficientnet-lite0", "unknown"),
    ],
)
def test_which_network_a_model_has_seen_is_read_from_its_header(header, network, code):
    assert extractors.seen(Checkpoint(header=header), network) == code
    assert extractors.seen(None, network) == "unknown"
    assert words.seen(code, "This")

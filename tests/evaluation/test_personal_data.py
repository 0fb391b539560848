"""What a person takes along of this room, and what goes with them."""

import pytest
from django.urls import reverse

from generation.evaluation import personal_data
from generation.evaluation.models import Bank, Comparison, Reference

pytestmark = pytest.mark.django_db


def a_reference(owner, name="mine"):
    reference = Reference.objects.create(
        owner=owner, name=name, content="c" * 64, n=20, request={"people": ""}
    )
    path = reference.folder / "bank.safetensors"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"features")
    bank = {"extractor": "efficientnet-lite0", "source": "upload", "size": 8, "sha256": "a" * 64}
    return Bank.objects.create(reference=reference, file=f"{reference.pk}/{path.name}", **bank)


def test_all_of_ones_own_is_taken_along_and_nothing_of_others(alice, bob):
    bank = a_reference(alice)
    a_reference(bob, "bobs")
    Comparison.objects.create(owner=alice, sets=["one", "two"])
    taken = dict(personal_data.export(alice))
    assert [one["name"] for one in taken["references.json"]] == ["mine"]
    assert len(taken["comparisons.json"]) == 1 and taken["ratings.json"] == []
    files = {name: path for name, path in taken.items() if name.startswith("references/")}
    assert files == {f"references/{bank.reference_id}/bank.safetensors": bank.path}


def test_leaving_removes_rows_and_files_and_leaves_others(alice, bob, django_capture_on_commit_callbacks):
    bank, kept = a_reference(alice), a_reference(bob, "bobs")
    Comparison.objects.create(owner=alice, sets=["one", "two"])
    both = {f"references/{one.reference_id}/" for one in (bank, kept)}
    assert set(personal_data.owned()) == both
    with django_capture_on_commit_callbacks(execute=True):
        personal_data.erase(alice)
    assert not bank.path.exists() and kept.path.exists()
    assert not Comparison.objects.exists()
    left = Reference.objects.filter(subject="palm").values_list("name", flat=True)
    assert set(left) == {"bobs", "palm-reference", "palm-training"}


@pytest.mark.slow
def test_the_quality_tab_of_a_set_fetches_its_measures(client, alice, palms):
    image_set = palms(3)
    client.force_login(alice)
    page = client.get(reverse("sets:quality", args=[image_set.pk])).content.decode()
    assert f'hx-get="{reverse("evaluation:quality", args=[image_set.pk])}"' in page

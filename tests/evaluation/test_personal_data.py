"""What a person takes along of this room, and what goes with them."""

import pytest
from django.urls import reverse

from generation.evaluation import personal_data
from generation.evaluation.models import Bank, Comparison, Reference

pytestmark = pytest.mark.django_db


def a_reference(owner, settings, name="mine"):
    path = settings.MEDIA_ROOT / "references" / f"{name}.safetensors"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"features")
    reference = Reference.objects.create(owner=owner, name=name, content="c" * 64, n=20)
    bank = {"extractor": "efficientnet-lite0", "source": "upload", "size": 8, "sha256": "a" * 64}
    return Bank.objects.create(reference=reference, file=path.name, **bank)


def test_all_of_ones_own_is_taken_along_and_nothing_of_others(alice, bob, settings):
    bank = a_reference(alice, settings)
    a_reference(bob, settings, "bobs")
    Comparison.objects.create(owner=alice, sets=["one", "two"])
    taken = dict(personal_data.export(alice))
    assert [one["name"] for one in taken["references.json"]] == ["mine"]
    assert len(taken["comparisons.json"]) == 1
    assert taken["references/mine.safetensors"] == bank.path
    assert not any("bobs" in name for name in taken)


def test_leaving_removes_rows_and_files_and_leaves_others(
    alice, bob, settings, django_capture_on_commit_callbacks
):
    bank, kept = a_reference(alice, settings), a_reference(bob, settings, "bobs")
    Comparison.objects.create(owner=alice, sets=["one", "two"])
    assert set(personal_data.owned()) == {"references/mine.safetensors", "references/bobs.safetensors"}
    with django_capture_on_commit_callbacks(execute=True):
        personal_data.erase(alice)
    assert not bank.path.exists() and kept.path.exists()
    assert not Comparison.objects.exists()
    assert set(Reference.objects.values_list("name", flat=True)) == {
        "bobs",
        "palm-reference",
        "palm-training",
    }


@pytest.mark.slow
def test_the_quality_tab_of_a_set_fetches_its_measures(client, alice, palms):
    image_set = palms(3)
    client.force_login(alice)
    page = client.get(reverse("sets:quality", args=[image_set.pk])).content.decode()
    assert f'hx-get="{reverse("evaluation:quality", args=[image_set.pk])}"' in page

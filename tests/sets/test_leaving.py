"""What a person takes along of their sets, what the sweep owns, and that nothing stays of who left."""

import io
import zipfile

import pytest

from accounts import personal_data
from generation.sets import leftovers, sharing, storage
from generation.sets.models import ImageSet, Share

pytestmark = pytest.mark.django_db


def test_everything_is_taken_along(full_set, alice, bob):
    image_set, other = full_set(alice, 2), full_set(bob, 1)
    sharing.share_with(by=bob, image_set=other, username="alice")
    with zipfile.ZipFile(io.BytesIO(b"".join(personal_data.archive(alice)))) as taken:
        names = [name for name in taken.namelist() if name.startswith("sets/")]
        assert f"sets/{image_set.pk}/000001.png" in names
        assert not any(str(other.pk) in name for name in names)
        assert str(other.pk) in taken.read("sets/shared_with_me.json").decode()


def test_nothing_stays(full_set, alice, bob, django_capture_on_commit_callbacks):
    gone, kept = full_set(alice, 2), full_set(bob, 1)
    sharing.share_with(by=bob, image_set=kept, username="alice")
    with django_capture_on_commit_callbacks(execute=True):
        personal_data.erase(alice)
    assert list(ImageSet.objects.all()) == [kept]
    assert not storage.folder(gone).exists()
    assert storage.image_path(kept, 0).exists()
    assert not Share.objects.exists()


def test_all_files_of_rows_are_owned_and_no_others(full_set, alice, settings):
    image_set = full_set(alice, 2)
    owned = set(leftovers.owned())
    lying = {
        path.relative_to(settings.MEDIA_ROOT).as_posix() for path in storage.folder(image_set).rglob("*.*")
    }
    assert owned == lying

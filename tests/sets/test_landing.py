"""The first page: twelve palms of the default model, and those that take their places."""

import re

import pytest
from django.urls import reverse

from generation.sets import storage
from generation.sets.models import Checkpoint

pytestmark = pytest.mark.django_db


def shown(client):
    page = client.get(reverse("sets:landing")).content.decode()
    further = re.search(r'data-further="([^"]*)"', page)[1].split()
    return re.findall(r'<img src="([^"]+)"', page), further, page


def test_twelve_palms_of_the_default_model_and_the_others_after_them(client, model):
    storage.keep(storage.grid_path_of(model.sha256), b"png")
    second = Checkpoint.objects.create(
        name="second", state="published", source="upload", file="s", sha256="b" * 64
    )
    storage.keep(storage.grid_path_of(second.sha256), b"png")
    hands = Checkpoint.objects.create(
        name="hands", subject="hand", state="published", source="upload", file="h", sha256="c" * 64
    )
    storage.keep(storage.grid_path_of(hands.sha256), b"png")
    palms, further, page = shown(client)
    assert len(palms) == 12
    assert all(f"/{model.name}/" in address for address in palms)
    assert len(further) == 20
    assert len({*palms, *further}) == 32
    assert sum("/second/" in address for address in further) == 16
    assert "js/landing.js" in page
    again = [shown(client)[0] for _visit in range(5)]
    assert any(palms != other for other in again)


def test_noise_is_no_welcome(client, model):
    Checkpoint.objects.filter(pk=model.pk).update(is_stand_in=True)
    storage.keep(storage.grid_path_of(model.sha256), b"png")
    palms, further, page = shown(client)
    assert not [address for address in palms if "/models/" in address]
    assert not further
    assert "js/landing.js" not in page
    assert page.count('class="palm') >= 12

"""Models in the administration: a file waits until the worker has verified it; one in use is never deleted."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts import ledger
from generation.sets import catalogue, storage, verification
from generation.sets.models import Checkpoint
from generation.uploads import services as uploads
from mlcore import checkpoint as checkpoints
from mlcore.models.dcgan import DcganGenerator

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
LIST = "admin:sets_checkpoint_changelist"


@pytest.fixture
def signed_in(client, operator):
    client.force_login(operator)
    return client


@pytest.fixture
def weights(tmp_path):
    path = tmp_path / "other.safetensors"
    arguments = {"image_size": 64, "latent_size": 8, "width": 4}
    header = checkpoints.Header(kind="generator", architecture="dcgan-generator", arguments=arguments)
    checkpoints.save(path, checkpoints.state_of(DcganGenerator(64, 8, 4)), header)
    return path.read_bytes()


def add(client, data, name="other"):
    file = SimpleUploadedFile("other.safetensors", data)
    return client.post(reverse("sets:add_model"), {"name": name, "file": file})


def act(client, name, *models):
    data = {"action": name, "_selected_action": [model.pk for model in models]}
    return client.post(reverse(LIST), data, follow=True).content.decode()


def test_an_uploaded_model_waits_is_verified_published_and_made_the_default(
    signed_in, stand_in, weights, work
):
    assert add(signed_in, weights).status_code == 302
    model = Checkpoint.objects.get(name="other")
    assert model.state == Checkpoint.State.PENDING
    assert "Only a verified model can be published" in act(signed_in, "publish", model)
    work()
    model.refresh_from_db()
    assert (model.state, model.image_size, model.added_by.username) == ("verified", 64, "operator")
    act(signed_in, "publish", model)
    act(signed_in, "make_default", model)
    model.refresh_from_db()
    assert (model.state, model.is_default, model.published_by.username) == ("published", True, "operator")
    assert Checkpoint.objects.filter(is_default=True).count() == 1
    act(signed_in, "unpublish", model)
    model.refresh_from_db()
    assert (model.state, model.is_default) == ("verified", False)
    act(signed_in, "retire", model)
    model.refresh_from_db()
    assert model.state == "retired"


def test_pickles_and_known_models_are_refused_unread(signed_in, stand_in):
    page = add(signed_in, b"PK\x03\x04" + b"\x00" * 100)
    assert "no safetensors file" in page.content.decode()
    page = add(signed_in, storage.checkpoint_path(stand_in).read_bytes())
    assert f"here already, as {verification.STAND_IN}" in page.content.decode()
    assert Checkpoint.objects.count() == 2


def test_a_model_in_use_is_not_deleted_one_that_is_not_goes_with_its_file(
    signed_in, order, weights, work, django_capture_on_commit_callbacks
):
    used = order(2).checkpoint
    assert (
        signed_in.post(reverse("admin:sets_checkpoint_delete", args=[used.pk]), {"post": "yes"}).status_code
        == 403
    )
    assert catalogue.is_used(used.partner)
    add(signed_in, weights)
    work()
    model = Checkpoint.objects.get(name="other")
    path = storage.checkpoint_path(model)
    assert path.is_file()
    with django_capture_on_commit_callbacks(execute=True):
        signed_in.post(reverse("admin:sets_checkpoint_delete", args=[model.pk]), {"post": "yes"})
    assert not Checkpoint.objects.filter(pk=model.pk).exists()
    assert not path.exists()


def test_the_pages_of_the_administration_open_for_the_staff_alone(signed_in, client, alice, stand_in):
    assert signed_in.get(reverse(LIST)).status_code == 200
    assert signed_in.get(reverse("admin:sets_checkpoint_change", args=[stand_in.pk])).status_code == 200
    client.force_login(alice)
    assert client.get(reverse(LIST)).status_code in (302, 403)


def test_a_model_comes_by_an_upload_that_may_break_off(
    signed_in, operator, weights, work, django_capture_on_commit_callbacks
):
    assert signed_in.get(reverse("admin:sets_checkpoint_add"))["Location"] == reverse("sets:add_model")
    page = signed_in.get(reverse("sets:add_model")).content.decode()
    assert 'data-purpose="checkpoint"' in page
    upload = uploads.begin(by=operator, purpose="checkpoint", name="o.safetensors", size=len(weights))
    half = len(weights) // 2
    uploads.append(by=operator, upload=upload, offset=0, data=weights[:half])
    early = signed_in.post(reverse("sets:add_model"), {"name": "other", "upload": str(upload.pk)})
    assert early.status_code == 400
    assert "have arrived" in early.content.decode()
    uploads.append(by=operator, upload=upload, offset=half, data=weights[half:])
    uploads.finish(by=operator, upload=upload)
    nameless = signed_in.post(reverse("sets:add_model"), {"name": "", "upload": str(upload.pk)})
    assert nameless.status_code == 400
    assert "need not be sent again" in nameless.content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        assert (
            signed_in.post(reverse("sets:add_model"), {"name": "other", "upload": str(upload.pk)}).status_code
            == 302
        )
    model = Checkpoint.objects.get(name="other")
    assert storage.checkpoint_path(model).read_bytes() == weights
    assert not upload.path.exists()
    assert ledger.usage(operator)["uploads"].used == 0
    work()
    model.refresh_from_db()
    assert model.state == "verified"


def test_only_administrators_add_models(client, alice, weights):
    client.force_login(alice)
    assert client.get(reverse("sets:add_model")).status_code == 404
    assert add(client, weights).status_code == 404
    assert "Add a model" not in client.get(reverse("sets:models")).content.decode()
    assert not Checkpoint.objects.exists()

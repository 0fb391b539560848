"""What a model may be called and may say of itself: nothing that a page could not show or a table not keep."""

import json
import struct
from unittest.mock import Mock

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import translation
from django.utils.html import escape

from generation.jobs import services as jobs
from generation.jobs.models import Job
from generation.sets import catalogue, headers, rejections, set_words, verification
from generation.sets.models import Checkpoint
from mlcore import checkpoint as checkpoints
from mlcore import errors
from mlcore.models.dcgan import DcganGenerator

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def file(tmp_path):
    """A generator's file whose header says what the test wants."""

    def make(name="other.safetensors", **header):
        path = tmp_path / name
        arguments = {"image_size": 64, "latent_size": 8, "width": 4}
        plain = checkpoints.Header(kind="generator", architecture="dcgan-generator", arguments=arguments)
        checkpoints.save(path, checkpoints.state_of(DcganGenerator(64, 8, 4)), plain)
        if header:
            data = path.read_bytes()
            length = struct.unpack("<Q", data[:8])[0]
            table = json.loads(data[8 : 8 + length])
            said = json.loads(table["__metadata__"]["palmsite"]) | header
            table["__metadata__"]["palmsite"] = json.dumps(said)
            text = json.dumps(table).encode()
            path.write_bytes(struct.pack("<Q", len(text)) + text + data[8 + length :])
        return path

    return make


@pytest.fixture
def added(operator):
    """A model of that file, as the page adds it, before any worker has seen it."""
    from generation.uploads import services as uploads

    def make(path):
        with path.open("rb") as stream:
            upload = uploads.receive(
                by=operator, purpose="checkpoint", name=path.name, size=path.stat().st_size, stream=stream
            )
        return catalogue.add(by=operator, name="other", upload=upload)

    return make


def held_out(**measures):
    """A header that tells a quality, with these of its measures wrong."""
    sound = {"kid": 0.01, "kid_ci": [0.008, 0.012], "n": 100, "n_ref": 50}
    return {"metrics": {"held_out": {"efficientnet-lite2": {**sound, **measures}}}}


@pytest.mark.parametrize("name", ["palm v2.1", "", "ладонь", "a/b", "x" * 65, "default"])
def test_a_name_that_no_address_holds_is_refused_with_the_way_out(file, name):
    path = file(f"{name.replace('/', '')}.safetensors")
    wish = {"name": name} if name in ("", "a/b") else {}
    if not wish:
        with pytest.raises(CommandError, match="--name N"):
            call_command("checkpoint", "add", str(path))
    with pytest.raises(catalogue.InvalidInput):
        catalogue.check_name(name)
    assert not Checkpoint.objects.exists()


def test_a_name_is_given_once(file, capsys):
    call_command("checkpoint", "add", str(file()), "--name", "palm-v2_1")
    assert "palm-v2_1: verified." in capsys.readouterr().out
    with pytest.raises(CommandError, match="of this name already") as refusal:
        call_command("checkpoint", "add", str(file(step=2)), "--name", "palm-v2_1")
    assert "\n" not in str(refusal.value)
    assert Checkpoint.objects.count() == 1


def test_the_administration_renames_by_the_same_rules(client, operator, stand_in):
    client.force_login(operator)
    address = reverse("admin:sets_checkpoint_change", args=[stand_in.pk])
    for name in ("palm v2", "default", f"{stand_in.name}-d"):
        assert client.post(address, {"name": name}).status_code == 200
        stand_in.refresh_from_db()
        assert stand_in.name == verification.STAND_IN
    assert client.post(address, {"name": stand_in.name}).status_code == 302
    assert client.post(address, {"name": "palm-v2"}).status_code == 302
    stand_in.refresh_from_db()
    assert stand_in.name == "palm-v2"


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (held_out(kid_ci=[None, "a"]), "bad_kid"),
        (held_out(kid="low"), "bad_kid"),
        (held_out(kid=True), "bad_kid"),
        (held_out(kid=10**400), "bad_kid"),
        (held_out(n=0.5), "bad_kid"),
        (held_out(n_ref=None), "bad_kid"),
        ({"metrics": {"held_out": {"efficientnet-lite2": 0.01}}}, "bad_kid"),
        ({"metrics": {"held_out": [0.01]}}, "bad_kid"),
        ({"metrics": {"other": float("nan")}}, "no_number"),
        (held_out(kid=float("inf")), "no_number"),
        ({"notes": {"seen": {"trained": 2}}}, "bad_seen"),
        ({"notes": {"seen": "efficientnet-lite0"}}, "bad_seen"),
        ({"licence": "a\0b"}, "bad_text"),
        ({"lineage": [{"source": "\ud83d"}]}, "bad_text"),
        ({"notes": {"subject": "a subject far too long"}}, "bad_subject"),
        ({"notes": {"subject": ["palm"]}}, "bad_subject"),
        ({"arguments": {"image_size": "64a", "latent_size": 8, "width": 4}}, "bad_size"),
        ({"arguments": {"image_size": 64, "latent_size": 9, "width": 4}}, "ShapeDiffers"),
        ({"conditions": {"hand": "left"}}, "BadHeader"),
        ({"kind": "detector"}, "WrongKind"),
        ({"architecture": "nothing"}, "UnknownArchitecture"),
    ],
)
def test_a_header_that_pages_could_not_show_is_refused_with_a_reason(added, file, work, client, header, code):
    model = added(file(**header))
    work()
    model.refresh_from_db()
    assert (model.state, model.code) == ("rejected", code)
    assert Job.objects.get().state == Job.State.DONE
    assert model.sha256[:12] not in model.reason
    with translation.override("ru"):
        assert not model.reason.startswith(rejections.WORDS[code])
    client.force_login(model.added_by)
    assert escape(model.reason) in client.get(reverse("sets:models")).content.decode()


def test_a_crash_in_the_verification_refuses_the_model_and_a_second_look_takes_it(
    added, file, work, operator, monkeypatch
):
    model = added(file())
    # What a header leads the engine to is the file's fault; anything else is ours.
    for error, code in ((KeyError("slope"), "not_runnable"), (RuntimeError("no luck"), "crashed")):
        Checkpoint.objects.update(state="pending")
        catalogue.verify(by=operator, model=model)
        with monkeypatch.context() as broken:
            broken.setattr(verification, "_run", Mock(side_effect=error))
            work()
        model.refresh_from_db()
        assert (model.state, model.code) == ("rejected", code)
    assert "Verify it again" in model.reason
    catalogue.verify(by=operator, model=model)
    work()
    model.refresh_from_db()
    assert (model.state, model.reason) == ("verified", "")


def test_a_quality_that_a_file_tells_is_kept(added, file, work):
    model = added(file(**held_out()))
    work()
    model.refresh_from_db()
    assert (model.state, model.quality["kid"]) == ("verified", 0.01)


def test_a_stopped_verification_says_so_and_a_published_model_stays(added, file, operator, stand_in):
    model = added(file())
    jobs.cancel(by=operator, job=Job.objects.get())
    model.refresh_from_db()
    assert (model.state, model.code) == ("rejected", "stopped")
    catalogue.verify(by=operator, model=stand_in)
    jobs.cancel(by=operator, job=Job.objects.get(state="queued"))
    stand_in.refresh_from_db()
    assert (stand_in.state, stand_in.is_default) == ("published", True)


def test_rows_from_before_with_strange_measures_keep_the_pages_open(client, alice, stand_in):
    strange = [
        {"kid": 0.01, "kid_ci": [None, "a"]},
        {"kid": [1]},
        {"kid": 10**400},
        {"kid": float("nan")},
        {"kid": 0.01, "kid_ci": {"a": 1, "b": 2}},
    ]
    for metrics in strange:
        kid = set_words.kid_of(metrics)
        assert kid is None or (kid.text, kid.interval) == ("10.0", "")
    client.force_login(alice)
    for told in (strange[:3], *({"efficientnet-lite2": measures} for measures in strange[:3])):
        metrics = {"held_out": told}
        Checkpoint.objects.update(header={**stand_in.header, "metrics": metrics}, is_stand_in=False)
        assert "not measured yet" in client.get(reverse("sets:models")).content.decode()
        assert "KID 10.0" not in client.get(reverse("sets:new")).content.decode()
    client.logout()
    assert client.get(reverse("sets:landing")).status_code == 200


def test_every_refusal_of_a_checkpoint_has_words():
    named = {kind.__name__ for kind in errors.CheckpointError.__subclasses__()}
    assert named - set(rejections.WORDS) == {"PickleRefused", "ConversionError"}
    assert headers.is_interval([0, 1.5])
    assert not headers.is_interval([0, float("nan")])

"""An upload arrives whole or not at all, and what it took is given back."""

import hashlib
import os
import threading
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import OperationalError, connection
from django.utils import timezone

from accounts import belongings, ledger
from accounts.errors import Conflict, DomainError, InvalidInput, NotFound, OverQuota, TooMany
from accounts.models import AuditEvent
from generation.uploads import personal_data, policies, selectors, services
from generation.uploads.errors import ChecksumDiffers, UnknownPurpose, WrongOffset
from generation.uploads.models import Upload

from .conftest import CONTENT

SHA256 = hashlib.sha256(CONTENT).hexdigest()


def used(user):
    use = ledger.usage(user)["uploads"]
    return use.used, use.size


def test_arrives_in_pieces_and_is_private(alice, begin):
    upload = begin(alice, sha256=SHA256.upper())
    assert used(alice) == (1, len(CONTENT))
    for offset in range(0, len(CONTENT), 3000):
        upload = services.append(by=alice, upload=upload, offset=offset, data=CONTENT[offset : offset + 3000])
    done = services.finish(by=alice, upload=upload)
    assert (done.state, done.sha256, done.percent) == ("complete", SHA256, 100)
    assert done.path.read_bytes() == CONTENT
    assert done.path.is_relative_to(settings.MEDIA_ROOT)
    assert done.path.stat().st_mode & 0o077 == 0
    assert services.finish(by=alice, upload=done).state == "complete"
    assert AuditEvent.objects.filter(action="upload.finish").count() == 1


def test_a_chunk_elsewhere_is_refused_with_the_right_place(alice, begin):
    upload = begin(alice)
    services.append(by=alice, upload=upload, offset=0, data=CONTENT[:4000])
    for wrong in (0, 3999, 4001):
        with pytest.raises(WrongOffset) as refusal:
            services.append(by=alice, upload=upload, offset=wrong, data=CONTENT[:10])
        assert refusal.value.offset == 4000
    assert upload.path.read_bytes() == CONTENT[:4000]


def test_goes_on_after_a_crash_in_the_middle_of_a_chunk(alice, begin, monkeypatch):
    upload = begin(alice)
    services.append(by=alice, upload=upload, offset=0, data=CONTENT[:4000])

    def half(path, offset, data):
        with path.open("r+b") as file:
            file.seek(offset)
            file.write(b"!" * (len(data) // 2))
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(services, "_write_through", half)
        with pytest.raises(KeyboardInterrupt):
            services.append(by=alice, upload=upload, offset=4000, data=CONTENT[4000:])
    upload.refresh_from_db()
    assert upload.offset == 4000
    assert upload.path.stat().st_size > 4000
    upload = services.append(by=alice, upload=upload, offset=4000, data=CONTENT[4000:9000])
    assert upload.path.stat().st_size == 9000
    upload = services.append(by=alice, upload=upload, offset=9000, data=CONTENT[9000:])
    assert services.finish(by=alice, upload=upload).sha256 == SHA256


def test_a_full_disk_keeps_what_has_arrived(alice, begin, monkeypatch):
    upload = begin(alice)

    def full(*_arguments):
        raise OSError(28, os.strerror(28))

    with monkeypatch.context() as patch:
        patch.setattr(services, "_write_through", full)
        with pytest.raises(DomainError) as refusal:
            services.append(by=alice, upload=upload, offset=0, data=CONTENT[:10])
    assert refusal.value.status == 507
    assert services.append(by=alice, upload=upload, offset=0, data=CONTENT[:10]).offset == 10


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_is_kept_whole(alice, begin):
    upload = begin(alice, size=200_000)
    ends = threading.Barrier(4)
    results = []

    def send(letter):
        mine = Upload.objects.get(pk=upload.pk)
        ends.wait()
        while True:
            try:
                services.append(by=alice, upload=mine, offset=0, data=letter * 200_000)
                results.append(letter)
            except WrongOffset as refusal:
                assert refusal.offset == 200_000
            except OperationalError:
                continue  # SQLite in memory does not wait for its locks, a file and PostgreSQL do
            break
        connection.close()

    threads = [threading.Thread(target=send, args=(letter,)) for letter in (b"a", b"b", b"c", b"d")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 1
    assert upload.path.read_bytes() == results[0] * 200_000


def test_wrong_checksum_throws_the_bytes_away_and_refunds(alice, begin):
    upload = begin(alice, sha256="0" * 64)
    services.append(by=alice, upload=upload, offset=0, data=CONTENT)
    with pytest.raises(ChecksumDiffers):
        services.finish(by=alice, upload=upload)
    upload.refresh_from_db()
    assert upload.state == "broken"
    assert used(alice) == (0, 0)
    with pytest.raises(Conflict):
        services.append(by=alice, upload=upload, offset=len(CONTENT), data=b"")
    services.discard(upload)
    assert used(alice) == (0, 0)


@pytest.mark.usefixtures("gone_files")
def test_cancel_gives_all_back_once(alice, begin):
    upload = begin(alice)
    services.cancel(by=alice, upload=upload)
    assert AuditEvent.objects.filter(by=alice, action="upload.cancel", target=f"upload:{upload.pk}").exists()
    assert used(alice) == (0, 0)
    assert not upload.path.exists()
    assert services.discard(upload) is False
    with pytest.raises(NotFound):
        services.append(by=alice, upload=upload, offset=0, data=b"x")


@pytest.fixture
def gone_files(django_capture_on_commit_callbacks):
    """Run what waits for the commit at once, as the test itself never commits."""
    from django.db import transaction

    original = transaction.on_commit
    transaction.on_commit = lambda func, using=None, robust=False: func()
    yield
    transaction.on_commit = original


def test_refusals_name_the_limit(alice, begin, monkeypatch):
    for more, field in (
        ({"size": 0}, "size"),
        ({"size": 1_000_001}, "size"),
        ({"name": " "}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"sha256": "zz"}, "sha256"),
    ):
        with pytest.raises(InvalidInput) as refusal:
            begin(alice, **more)
        assert list(refusal.value.fields) == [field]
    with pytest.raises(UnknownPurpose, match="trial"):
        services.begin(by=alice, purpose="other", name="a", size=1)
    with pytest.raises(InvalidInput, match="beyond its end"):
        services.append(by=alice, upload=begin(alice, size=5), offset=0, data=b"123456")
    with pytest.raises(InvalidInput) as large:
        services.append(by=alice, upload=begin(alice), offset=0, data=bytes(services.MOST_CHUNK + 1))
    assert large.value.status == 413
    monkeypatch.setattr(policies, "free_bytes", lambda: 1000)
    with pytest.raises(DomainError) as full:
        begin(alice)
    assert (full.value.status, full.value.code) == (507, "disk_full")
    monkeypatch.undo()


def test_quota_and_number_are_bounded(alice, begin, monkeypatch):
    alice.quota_stored_bytes = 15_000
    begin(alice)
    with pytest.raises(OverQuota):
        begin(alice)
    assert used(alice) == (1, len(CONTENT))
    monkeypatch.setattr(policies, "AT_ONCE", 1)
    with pytest.raises(TooMany):
        begin(alice, size=1)
    assert not policies.can_begin(alice, services.registry.get("trial"), "a", 1, "")


def test_only_a_whole_upload_of_the_purpose_is_handed_over(alice, charlie, begin, whole):
    unfinished = begin(alice)
    with pytest.raises(Conflict, match="Only 0 %"):
        selectors.complete_upload(alice, unfinished.pk, "trial")
    with pytest.raises(WrongOffset):
        services.finish(by=alice, upload=unfinished)
    services.append(by=alice, upload=unfinished, offset=0, data=bytes(unfinished.size))
    with pytest.raises(Conflict, match=r"All of .* has arrived\. Finish it first\."):
        selectors.complete_upload(alice, unfinished.pk, "trial")
    done = whole(alice)
    assert selectors.complete_upload(alice, done.pk, "trial") == done
    for user, purpose in ((alice, "other"), (charlie, "trial")):
        with pytest.raises(NotFound):
            selectors.complete_upload(user, done.pk, purpose)


@pytest.mark.usefixtures("gone_files")
def test_what_nobody_finished_is_swept(alice, begin, whole):
    old, kept = begin(alice), whole(alice)
    Upload.objects.filter(pk=old.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    stray = kept.path.with_name("stray")
    stray.write_bytes(b"x")
    os.utime(stray, (0, 0))
    with pytest.raises(NotFound):
        selectors.upload_for(alice, old.pk)
    found = [leftover for leftover in belongings.leftovers() if "upload" in leftover.what]
    assert [leftover.what for leftover in found] == [
        f"upload {old.pk}, past its time",
        f"file uploads/{alice.pk}/stray, which no row needs",
    ]
    for leftover in found:
        leftover.remove()
    assert [path.name for path in kept.path.parent.iterdir()] == [str(kept.pk)]
    assert used(alice) == (1, len(CONTENT))


@pytest.mark.usefixtures("gone_files")
def test_a_person_takes_all_along_and_leaves_nothing(alice, bob, begin, whole):
    done, open_one, other = whole(alice), begin(alice), begin(bob)
    taken = dict(personal_data.export(alice))
    assert set(taken) == {"uploads.json", f"{done.pk}.bin"}
    assert {row["id"] for row in taken["uploads.json"]} == {done.pk, open_one.pk}
    personal_data.erase(alice)
    assert list(Upload.objects.all()) == [other]
    assert not done.path.exists()
    assert used(alice) == (0, 0)


@pytest.mark.usefixtures("gone_files")
def test_a_whole_body_at_once(alice):
    import io

    done = services.receive(by=alice, purpose="trial", name="a", size=5, stream=io.BytesIO(b"12345"))
    assert (done.state, done.path.read_bytes()) == ("complete", b"12345")
    with pytest.raises(WrongOffset):
        services.receive(by=alice, purpose="trial", name="a", size=9, stream=io.BytesIO(b"12345"))
    assert Upload.objects.count() == 1

"""The sweep shows first, removes only when told, and never what a row needs or what is young."""

import io
import os
import time

import pytest
from django.core.cache import cache
from django.core.management import call_command

from accounts import belongings
from accounts.models import AuditEvent
from palmsite import sweeping

pytestmark = pytest.mark.django_db


@pytest.fixture
def room(monkeypatch, settings):
    """One room whose rows need sets/1.png and everything below sets/9/."""
    monkeypatch.setattr(belongings, "_rooms", {})
    belongings.register("sets", folders=("sets",), owned=lambda: ["sets/1.png", "sets/9/"])

    def lay(name, age=2 * belongings.GRACE_SECONDS):
        path = settings.MEDIA_ROOT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"12345")
        os.utime(path, (time.time() - age,) * 2)
        return path

    return lay


def sweep(**options):
    output = io.StringIO()
    call_command("sweep", stdout=output, **options)
    return output.getvalue()


def test_orphan_is_shown_and_stays(room):
    orphan = room("sets/2.png")
    words = sweep()
    assert "sets/2.png" in words
    assert "1 found" in words
    assert orphan.exists()


def test_told_so_it_removes_the_orphan_and_nothing_else(room):
    orphan, needed, below = room("sets/2.png"), room("sets/1.png"), room("sets/9/deep/3.png")
    elsewhere = room("other/4.png")
    sweep(yes=True)
    assert not orphan.exists()
    assert needed.exists()
    assert below.exists()
    assert elsewhere.exists()
    assert AuditEvent.objects.get(action="sweep").detail == {"count": 1, "bytes": 5}


def test_young_file_may_have_its_row_written_just_now(room):
    young = room("sets/2.png", age=60)
    assert sweep(yes=True) == "Nothing to sweep.\n"
    assert young.exists()


def test_what_rooms_leave_is_removed_too(room):
    removed = []
    leftover = belongings.Leftover("3 uploads past their time", 7, lambda: removed.append(1))
    belongings.register("uploads", leftovers=lambda: [leftover])
    sweep()
    assert removed == []
    sweep(yes=True)
    assert removed == [1]


def test_file_that_a_row_needs_and_that_is_gone_is_missing(room):
    assert list(belongings.missing()) == ["sets/1.png", "sets/9/"]
    room("sets/1.png")
    room("sets/9/a.png")
    assert list(belongings.missing()) == []


def test_one_folder_has_one_room(room):
    with pytest.raises(ValueError, match="registered already"):
        belongings.register("lab", folders=("sets",))


def test_sessions_answers_and_tokens_past_their_time_go(alice, client):
    from datetime import timedelta

    from django.contrib.sessions.models import Session
    from django.utils import timezone

    from accounts import tokens
    from accounts.models import ApiToken, KeptAnswer

    past = timezone.now() - timedelta(days=2)
    client.force_login(alice)
    tokens.create(by=alice, name="old")
    KeptAnswer.objects.create(user=alice, key="k", digest="d")
    sweep(yes=True)
    assert (Session.objects.count(), ApiToken.objects.count(), KeptAnswer.objects.count()) == (1, 1, 1)

    Session.objects.update(expire_date=past)
    ApiToken.objects.update(expires_at=past)
    KeptAnswer.objects.update(created_at=past)
    sweep(yes=True)
    assert (Session.objects.count(), ApiToken.objects.count(), KeptAnswer.objects.count()) == (0, 0, 0)


def test_the_watchdog_sweeps_once_a_day_in_a_process_of_its_own(monkeypatch):
    started = []

    class Process:
        def __init__(self, command, **_more):
            started.append(command)

        def poll(self):
            return 0

    monkeypatch.setattr(sweeping.subprocess, "Popen", Process)
    monkeypatch.setattr(sweeping, "_sweep", None)
    cache.delete("daily-sweep")
    sweeping.start_daily()
    sweeping.start_daily()
    assert [command[-2:] for command in started] == [["sweep", "--yes"]]
    # As when the day is over, or as another machine of the site sees it.
    cache.delete("daily-sweep")
    sweeping.start_daily()
    assert len(started) == 2

"""What a nudge sets off, with handlers that end in every possible way."""

import pytest
from django.db import OperationalError

from generation.jobs import registry, services, tasks, worker
from generation.jobs.models import Job
from generation.jobs.queue import waiting_messages
from tests.jobs import inline


@pytest.fixture
def run(alice, make_kind):
    """Run one job with this handler and show how it ended."""

    def go(handler, **more):
        make_kind("one", handler, **more)
        job = services.enqueue(kind="one", owner=alice, total=more.get("total", 0))
        tasks.run_next("short")
        job.refresh_from_db()
        return job

    return go


@pytest.mark.parametrize(
    ("handler", "state", "code"),
    [
        ("run_nothing", "done", ""),
        ("run_ten", "done", ""),
        ("run_raise", "failed", "crashed"),
        ("run_exit", "failed", "crashed"),
        ("run_fail", "failed", "too_dark"),
        ("run_cancelled", "cancelled", "stopped"),
        ("run_lost", "running", ""),
        ("run_stopping", "queued", ""),
        ("no_such_function", "failed", "crashed"),
    ],
)
def test_every_way_to_end(run, handler, state, code):
    job = run(handler)
    assert (job.state, job.code) == (state, code)
    assert bool(job.text) == bool(code)


def test_the_lease_is_kept_while_the_handler_is_loaded(run, monkeypatch):
    kept = []
    load = registry.JobKind.load_handler
    monkeypatch.setattr(
        registry.JobKind, "load_handler", lambda kind: kept.append(worker._me.context) or load(kind)
    )
    job = run("run_nothing")
    assert [context.job_id for context in kept] == [job.pk]


def test_progress_is_shown(run):
    job = run("run_ten")
    assert (job.done, job.total) == (10, 10)


def test_a_failure_speaks_with_its_numbers(run):
    assert run("run_fail").text == "The picture is too dark: 7 of 100."


def test_a_kind_that_is_gone_fails_with_a_reason(alice, enqueue, monkeypatch):
    job = enqueue(alice)
    monkeypatch.setattr(registry, "_kinds", {})
    tasks.run_next("short")
    job.refresh_from_db()
    assert (job.state, job.code) == ("failed", "unknown_kind")


def test_a_message_too_many_does_nothing(db):
    tasks.run_next("short")
    assert Job.objects.count() == 0


def test_nudges_while_work_is_left(alice, enqueue):
    enqueue(alice)
    enqueue(alice)
    before = waiting_messages("short")
    tasks.run_next("short")
    assert waiting_messages("short") == before + 1
    tasks.run_next("short")
    assert waiting_messages("short") == before + 1
    assert set(Job.objects.values_list("state", flat=True)) == {"done"}


def test_a_database_that_goes_away_leaves_the_job_to_the_reaper(run, monkeypatch):
    def gone(_context):
        raise OperationalError("server closed the connection")

    closed = []
    monkeypatch.setattr(inline, "run_nothing", gone)
    monkeypatch.setattr(tasks.connection, "close", lambda: closed.append(True))
    assert run("run_nothing").state == "running"
    assert closed


@pytest.mark.torch
def test_every_dotted_name_resolves():
    from django.utils.module_loading import import_string

    assert all(callable(import_string(name)) for name in registry.dotted_names())

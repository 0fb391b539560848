"""Kinds of jobs that last as long as one test."""

import pytest

from generation.jobs import registry, services
from generation.jobs.registry import JobKind


@pytest.fixture
def make_kind(monkeypatch):
    """Register a kind for this test; the name of its handler is looked up in tests.jobs.inline."""
    monkeypatch.setattr(registry, "_kinds", dict(registry._kinds))

    def make(name="plain", handler="run_nothing", **more):
        more.setdefault("title", name)
        kind = JobKind(name=name, handler=f"tests.jobs.inline.{handler}", **more)
        registry.register(kind)
        return kind

    return make


@pytest.fixture
def enqueue(make_kind):
    """Make a job of a plain kind."""

    def make(owner, kind="plain", **more):
        if registry.find(kind) is None:
            make_kind(kind)
        return services.enqueue(kind=kind, owner=owner, **more)

    return make


@pytest.fixture
def claim():
    """Claim the next short job as some worker."""

    def make(queue="short", worker="here:1"):
        return services.claim(queue=queue, worker=worker)

    return make

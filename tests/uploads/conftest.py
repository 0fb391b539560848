"""Purposes that last as long as one test, and uploads that are under way."""

import pytest

from generation.uploads import registry, services
from generation.uploads.registry import Purpose

CONTENT = b"".join(bytes([number % 251]) for number in range(10_000))


@pytest.fixture(autouse=True)
def purpose(monkeypatch):
    monkeypatch.setattr(registry, "_purposes", dict(registry._purposes))
    made = Purpose(name="trial", max_bytes=1_000_000)
    registry.register(made)
    return made


@pytest.fixture
def begin(purpose):
    def make(owner, size=10_000, **more):
        more.setdefault("name", "palms.zip")
        return services.begin(by=owner, purpose="trial", size=size, **more)

    return make


@pytest.fixture
def whole(begin):
    """Make a finished upload."""

    def make(owner, data=CONTENT, **more):
        upload = begin(owner, size=len(data), **more)
        services.append(by=owner, upload=upload, offset=0, data=data)
        return services.finish(by=owner, upload=upload)

    return make

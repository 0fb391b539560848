"""The id of the web request that everything now happening goes back to.

It stands in every log line and every audit event, and follows a job into the worker. Knows nothing of HTTP.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_current: ContextVar[str] = ContextVar("palmsite_request_id", default="")


def current() -> str:
    """The id in force, or an empty string."""
    return _current.get()


def new() -> str:
    """An id that nothing else has."""
    return uuid.uuid4().hex


@contextmanager
def within(request_id: str) -> Iterator[None]:
    """Put an id in force for a while."""
    token = _current.set(request_id)
    try:
        yield
    finally:
        _current.reset(token)

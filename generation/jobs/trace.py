"""The id of the web request that all now happening goes back to. It follows a job into the worker's logs."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_request_id: ContextVar[str] = ContextVar("palmsite_request_id", default="")


def current() -> str:
    """The id in force, or an empty string."""
    return _request_id.get()


@contextmanager
def within(request_id: str) -> Iterator[None]:
    """Put an id in force for a while."""
    token = _request_id.set(request_id)
    try:
        yield
    finally:
        _request_id.reset(token)

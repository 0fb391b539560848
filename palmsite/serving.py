"""The web server: waitress, threads in one process. Undoes proxies, so that the rooms see the visitor's address."""

import io
import signal
import socket
import sys
from types import FrameType
from typing import Any, NoReturn

import waitress.server
from django.conf import settings
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.task import ErrorTask, WSGITask
from waitress.utilities import RequestEntityTooLarge

from accounts import streams
from palmsite.middleware import TOO_LARGE

_CONNECTION_LIMIT = 500
# More than the largest file that a room takes (generation/uploads/registry.py): a form without script sends it whole.
MOST_BODY = 5 * 2**30


def open_socket(host: str, port: int) -> socket.socket:
    """Listen at an address. Raises OSError where that cannot be."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=256)


def address(host: str, port: int) -> str:
    """Where a browser on this machine finds the site."""
    name = "localhost" if host in ("127.0.0.1", "0.0.0.0", "::", "::1") else host
    scheme = "https" if settings.PALMSITE_HTTPS else "http"
    return f"{scheme}://{name}:{port}/"


def serve(listener: socket.socket) -> None:
    """Answer requests until SIGTERM or Ctrl-C; what is being answered then has a few seconds to end."""
    from palmsite.wsgi import application

    server = create_server(
        application,
        sockets=[listener],
        threads=settings.PALMSITE_WEB_THREADS,
        connection_limit=_CONNECTION_LIMIT,
        channel_timeout=60,
        ident=None,
        clear_untrusted_proxy_headers=True,
        **proxies(settings.PALMSITE_PROXIES),
    )
    signal.signal(signal.SIGTERM, _leave)
    server.run()


def create_server(application: Any, *, max_request_body_size: int = MOST_BODY, **more: Any) -> Any:
    """Waitress at an address, with what makes it ours."""
    server = waitress.server.create_server(
        application,
        max_request_body_size=max_request_body_size,
        # Files are sent without a thread. What is made while it is sent is taken off the thread's hands up to here,
        # into a temporary file; beyond, the thread waits for its reader (accounts/streams.py).
        outbuf_high_watermark=streams.BUFFERED_BYTES,
        **more,
    )
    server.channel_class = _Channel
    return server


class _TooLarge(WSGITask):
    """A request whose body is over the limit: the site itself says so, in style, and nothing of it is read."""

    def get_environment(self) -> dict[str, Any]:
        """Hand over the request without its body."""
        handed: dict[str, Any] = super().get_environment()
        handed.update({"CONTENT_LENGTH": "0", "wsgi.input": io.BytesIO(), TOO_LARGE: True})
        return handed

    def execute(self) -> None:
        """Answer and hang up: the rest of the body may still be on its way."""
        self.set_close_on_finish()
        super().execute()


def _error_task(channel: HTTPChannel, request: HTTPRequestParser) -> ErrorTask | WSGITask:
    kind = _TooLarge if isinstance(request.error, RequestEntityTooLarge) else ErrorTask
    return kind(channel, request)


class _Channel(HTTPChannel):
    error_task_class = staticmethod(_error_task)


def proxies(count: int) -> dict[str, Any]:
    """What waitress is told of so many proxies of ours: whose word about address and scheme to take."""
    if not count:
        return {}
    return {
        "trusted_proxy": "*",
        "trusted_proxy_count": count,
        "trusted_proxy_headers": {"x-forwarded-for", "x-forwarded-proto"},
    }


def _leave(_signal: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(0)

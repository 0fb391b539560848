"""The web server: waitress, threads in one process. Undoes proxies, so that the rooms see the visitor's address."""

import signal
import socket
import sys
from types import FrameType
from typing import Any, NoReturn

import waitress.server
from django.conf import settings

from accounts import streams

_CONNECTION_LIMIT = 500


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

    server = waitress.server.create_server(
        application,
        sockets=[listener],
        threads=settings.PALMSITE_WEB_THREADS,
        connection_limit=_CONNECTION_LIMIT,
        # Files are sent without a thread. What is made while it is sent is taken off the thread's hands up to here,
        # into a temporary file; beyond, the thread waits for its reader (accounts/streams.py).
        outbuf_high_watermark=streams.BUFFERED_BYTES,
        channel_timeout=60,
        ident=None,
        clear_untrusted_proxy_headers=True,
        **proxies(settings.PALMSITE_PROXIES),
    )
    signal.signal(signal.SIGTERM, _leave)
    server.run()


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

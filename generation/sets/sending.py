"""Sends one message to an address that a person gave, and never to where only this machine's network leads.

The name is looked up once and the connection made to the very address that was checked, so that a name cannot be
public when it is looked at and private when it is used. No redirects, and nothing of the answer but its status.
Knows no rows.
"""

import hashlib
import hmac
import http.client
import ipaddress
import re
import socket
import ssl
import threading
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, urlsplit

from generation.sets import messages

SECONDS = 10.0
LONGEST = 500
_PORTS = {"http": 80, "https": 443}
_LEAST_OTHER_PORT = 1024
_TEXT = re.compile(r"[\x21-\x7e]+")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


@dataclass
class NotSentError(Exception):
    """The message did not arrive: a msgid of messages.py with its numbers, and the answer's status if there was one."""

    message: str
    params: dict[str, Any] = field(default_factory=dict)
    status: int | None = None


def parts_of(url: str, *, is_private_allowed: bool) -> SplitResult:
    """The parts of an address that may be written to; NotSentError says what is wrong with another."""
    if len(url) > LONGEST or not _TEXT.fullmatch(url):
        raise NotSentError(messages.NO_ADDRESS, {"most": LONGEST})
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
        host = parts.hostname or ""
    except ValueError as error:
        raise NotSentError(messages.NO_ADDRESS, {"most": LONGEST}) from error
    if parts.scheme not in _PORTS or not host or parts.username is not None or parts.fragment:
        raise NotSentError(messages.NO_ADDRESS, {"most": LONGEST})
    if not is_private_allowed:
        if port not in _PORTS.values() and port < _LEAST_OTHER_PORT:
            raise NotSentError(messages.PORT, {"least": _LEAST_OTHER_PORT})
        if host == "localhost" or host.endswith(".localhost") or (_is_literal(host) and not is_public(host)):
            raise NotSentError(messages.PRIVATE)
    return parts


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet, also when an IPv4 address is hidden in it."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None or ip in _NAT64:
            return is_public(str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)))
        tunnelled = ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if tunnelled is not None and not is_public(str(tunnelled)):
            return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved and not ip.is_unspecified


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """What the receiver computes again: HMAC-SHA256 of `timestamp.body`."""
    signed = f"{timestamp}.".encode() + body
    return f"v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


def send(url: str, body: bytes, headers: dict[str, str], *, is_private_allowed: bool) -> int:
    """POST the body; the status of an answer that is 200 to 299, or NotSentError with the reason."""
    parts = parts_of(url, is_private_allowed=is_private_allowed)
    host = parts.hostname or ""
    port = parts.port or _PORTS[parts.scheme]
    address = _address_of(host, port, is_private_allowed)
    try:
        status = _post(parts, host, port, address, body, headers)
    except TimeoutError as error:
        raise NotSentError(messages.SILENT, {"seconds": int(SECONDS)}) from error
    except ssl.SSLError as error:
        raise NotSentError(messages.NO_TLS, {"reason": error.reason or type(error).__name__}) from error
    except (OSError, http.client.HTTPException, UnicodeError) as error:
        raise NotSentError(messages.NO_ANSWER, {"reason": type(error).__name__}) from error
    if not 200 <= status <= 299:
        words = messages.REDIRECTED if 300 <= status <= 399 else messages.REFUSED
        raise NotSentError(words, {"status": status}, status)
    return status


def _address_of(host: str, port: int, is_private_allowed: bool) -> str:
    """The one address that is connected to. A name with any private address among its own is refused."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NotSentError(messages.NO_NAME, {"host": host}) from error
    addresses = [str(one[4][0]) for one in found]
    if not is_private_allowed and not all(is_public(address) for address in addresses):
        raise NotSentError(messages.PRIVATE)
    return addresses[0]


def _post(
    parts: SplitResult, host: str, port: int, address: str, body: bytes, headers: dict[str, str]
) -> int:
    plain = socket.create_connection((address, port), timeout=SECONDS)
    # However slowly an answer drips in, it is over then: timeouts of sockets begin anew with every byte.
    over = threading.Event()

    def end() -> None:
        over.set()
        try:
            plain.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # it has ended by itself

    watch = threading.Timer(SECONDS, end)
    watch.daemon = True
    watch.start()
    try:
        with plain:
            line = _secured(plain, host) if parts.scheme == "https" else plain
            connection = http.client.HTTPConnection(host, port)
            connection.sock = line
            target = parts.path or "/"
            target += f"?{parts.query}" if parts.query else ""
            connection.request("POST", target, body, {"Host": parts.netloc, "Connection": "close", **headers})
            return connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        if over.is_set():
            raise TimeoutError from error
        raise
    finally:
        watch.cancel()


def _secured(plain: socket.socket, host: str) -> socket.socket:
    return ssl.create_default_context().wrap_socket(plain, server_hostname=host)

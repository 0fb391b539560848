"""Where a request comes from: one answer for the limits on attempts and for the audit log."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def of(request: HttpRequest) -> str | None:
    """The address of the person behind our own proxies, or None where the server was told none.

    Only as many entries of X-Forwarded-For are believed as there are proxies of ours: a person can write
    any others.
    """
    candidates = [request.META.get("REMOTE_ADDR", "")]
    proxies = settings.PALMSITE_PROXIES
    if proxies:
        forwarded = request.headers.get("X-Forwarded-For", "").split(",")
        if len(forwarded) >= proxies:
            candidates.insert(0, forwarded[-proxies].strip())
    for candidate in candidates:
        try:
            return str(ipaddress.ip_address(candidate))
        except ValueError:
            continue
    return None

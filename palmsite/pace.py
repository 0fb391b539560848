"""How fast programs may ask. Named in settings: no room imports this, and it imports no view (a circle)."""

import math
import time
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.cache import cache
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts import address

if TYPE_CHECKING:
    from rest_framework.views import APIView


class PaceThrottle(BaseThrottle):
    """So many requests a minute for a person, or for an address where nobody is signed in.

    One number is kept: the moment at which the allowance is whole again (the generic cell rate
    algorithm). Two requests at the same instant may count as one; for a limit of pace that is exact enough.
    """

    def __init__(self) -> None:
        self._wait: float = 0.0

    def allow_request(self, request: Request, view: "APIView") -> bool:
        """Take one from the allowance and remember for the headers what is left."""
        policy, who = self._who(request)
        limit, window = settings.PALMSITE_API_RATES[policy]
        step, now, key = window / limit, time.time(), f"pace:{policy}:{who}"
        whole_at = max(cache.get(key, now), now) + step
        allowed: bool = whole_at - now <= window
        if allowed:
            cache.set(key, whole_at, timeout=window + 1)
        else:
            self._wait = whole_at - now - window
            whole_at -= step
        left = max(0, math.floor((window - (whole_at - now)) / step + 1e-6))
        request._request.rate_limit = (  # type: ignore[attr-defined]  # read by ApiHeadersMiddleware
            f'"{policy}";q={limit};w={window}',
            f'"{policy}";r={left};t={math.ceil(whole_at - now)}',
        )
        return allowed

    def wait(self) -> float:
        """Seconds until the next request is taken."""
        return max(self._wait, 1.0)

    def _who(self, request: Request) -> tuple[str, str]:
        if request.user and request.user.is_authenticated:
            return "person", str(request.user.pk)
        return "address", address.of(request._request) or "unknown"

"""Makes every clock that Python code of this process reads wrong."""

import time
from datetime import timedelta

from django.utils import timezone


def shift(*, days: int) -> None:
    """Set the clocks this many days ahead; for the whole process and all that it forks."""
    real_time, real_time_ns, real_now = time.time, time.time_ns, timezone.now
    time.time = lambda: real_time() + days * 86400
    time.time_ns = lambda: real_time_ns() + days * 86400 * 10**9
    timezone.now = lambda: real_now() + timedelta(days=days)

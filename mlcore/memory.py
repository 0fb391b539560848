"""Keeps freed memory in the process. glibc gives large blocks back at once and the kernel clears them page by
page for the next use: of a convolutional network on CPU that was up to half of the time.
"""

import ctypes
import sys
from functools import cache

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of malloc.h
LARGEST_BLOCK = 2**30
NEVER_TRIM = 2**31 - 1


@cache
def keep_freed_memory() -> bool:
    """Ask once per process; False where the C library is not glibc, and then nothing changes.

    The process stays as large as its largest moment, which for one batch shape comes with the first batch.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except AttributeError:
        return False  # musl has none
    return bool(mallopt(M_MMAP_THRESHOLD, LARGEST_BLOCK)) and bool(mallopt(M_TRIM_THRESHOLD, NEVER_TRIM))

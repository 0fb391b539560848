"""Numbers given on the command line, checked as they are read: a slip is told before any work, not after an hour."""

from argparse import ArgumentTypeError
from collections.abc import Callable

from mlcore.spec import LIMITS

MOST = 10**9


def whole(low: int, high: int = MOST) -> Callable[[str], int]:
    """A whole number from `low` to `high`, for `type=` of argparse."""

    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise ArgumentTypeError(f"{text!r} is no whole number") from None
        if not low <= value <= high:
            raise ArgumentTypeError(f"{value} is out of range: it must be {_range(low, high)}")
        return value

    return read


def decimal(low: float, high: float = MOST) -> Callable[[str], float]:
    """A number from `low` to `high`, for `type=` of argparse."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise ArgumentTypeError(f"{text!r} is no number") from None
        if not low <= value <= high:  # NaN is in no range
            raise ArgumentTypeError(f"{text} is out of range: it must be {_range(low, high)}")
        return value

    return read


THREADS = whole(1, 1024)
SEED = whole(*LIMITS["seed"])


def _range(low: float, high: float) -> str:
    return f"at least {low:,}" if high == MOST else f"from {low:,} to {high:,}"

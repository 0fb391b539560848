"""Numbers given on the command line, checked as they are read: a slip is told before any work, not after an hour."""

from argparse import ArgumentParser, ArgumentTypeError, Namespace, _ArgumentGroup
from collections.abc import Callable
from typing import TypeVar

from mlcore.cut import MARGINS, SUBJECTS
from mlcore.spec import LIMITS

MOST = 10**9
Number = TypeVar("Number", int, float)


def whole(low: int, high: int = MOST) -> Callable[[str], int]:
    """A whole number from `low` to `high`, for `type=` of argparse."""
    return _between(int, "whole number", low, high)


def decimal(low: float, high: float = MOST) -> Callable[[str], float]:
    """A number from `low` to `high`, for `type=` of argparse."""
    return _between(float, "number", low, high)


def _between(parse: Callable[[str], Number], kind: str, low: Number, high: Number) -> Callable[[str], Number]:
    def read(text: str) -> Number:
        try:
            value = parse(text)
        except ValueError:
            raise ArgumentTypeError(f"{text!r} is no {kind}") from None
        if not low <= value <= high:  # NaN is in no range
            raise ArgumentTypeError(f"{text} is out of range: it must be {_range(low, high)}")
        return value

    return read


THREADS = whole(1, 1024)
SEED = whole(*LIMITS["seed"])


def add_framing(parser: ArgumentParser | _ArgumentGroup) -> None:
    """What is cut out of photos, and how widely."""
    parser.add_argument(
        "--subject", choices=SUBJECTS, default="palm", help="cut palms, or whole hands (%(default)s)"
    )
    usual = ", ".join(f"{margin} for a {subject}" for subject, margin in MARGINS.items())
    parser.add_argument("--margin", type=decimal(0, 2), help=f"around it, in parts of it ({usual})")


def margin(args: Namespace) -> float:
    """The margin that was given, or what is usual of the subject."""
    return MARGINS[args.subject] if args.margin is None else float(args.margin)


def _range(low: float, high: float) -> str:
    return f"at least {low:,}" if high == MOST else f"from {low:,} to {high:,}"

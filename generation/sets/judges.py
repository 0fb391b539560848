"""Who can say how real an image looks: the discriminators of this room, and what other rooms hand over.

Rooms above this one register in AppConfig.ready, for they cannot be imported here. `load` is a dotted name, called in
a worker alone: the web process never loads a network.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from accounts.errors import NotFound
from accounts.models import User

Probe = Callable[[Sequence[Path]], Sequence[float]]


@dataclass(frozen=True, slots=True)
class Judge:
    """`key` stands with the scores and in the API; `title` is for people."""

    key: str
    title: str


@dataclass(frozen=True, slots=True)
class Bench:
    """What one room offers. Keys begin with `prefix` and a colon; those of this room with neither.

    `offered(user)` are the names and titles of what this person may ask. `load(user, name)` gives the probability of
    being real for image files; it raises NotFound when the name is gone.
    """

    prefix: str
    offered: Callable[[User], list[tuple[str, str]]]
    load: str


_benches: dict[str, Bench] = {}


def register(bench: Bench) -> None:
    """Make a room's judges known."""
    if _benches.setdefault(bench.prefix, bench) != bench:
        raise ValueError(f"The judges of {bench.prefix!r} are registered twice.")


def key_of(prefix: str, name: str) -> str:
    """The key of a judge."""
    return f"{prefix}:{name}" if prefix else name


def offered(user: User) -> list[Judge]:
    """Everybody whom this person may have judge a set."""
    return [
        Judge(key_of(bench.prefix, name), title)
        for _prefix, bench in sorted(_benches.items())
        for name, title in bench.offered(user)
    ]


def load(user: User, key: str) -> Probe:
    """The judge itself; only workers call this."""
    prefix, colon, name = key.partition(":")
    bench = _benches.get(prefix if colon else "")
    if bench is None:
        raise NotFound(_("There is nothing here, or it is not yours."))
    probe: Probe = import_string(bench.load)(user, name if colon else key)
    return probe


def dotted_names() -> list[str]:
    """Every dotted name, for the test that resolves them."""
    return [bench.load for bench in _benches.values()]

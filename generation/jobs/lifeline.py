"""Ties a process to its parent, so that killing any part of a cluster never leaves the rest behind.

Linux only; elsewhere these do nothing, and an orphaned cluster goes on working until it is ended by hand.
"""

import ctypes
import os
import signal
import sys

_SET_DEATH_SIGNAL = 1
_SET_CHILD_SUBREAPER = 36


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def die_with(parent: int) -> None:
    """End this process at once when its parent, given by its id, ends."""
    _prctl(_SET_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:
        raise SystemExit(f"process {parent}, which this one works for, has ended")


def tie_children() -> None:
    """From now on every forked child gets a SIGTERM when its parent ends."""
    parent = [os.getpid()]

    def before() -> None:
        parent[0] = os.getpid()

    def after() -> None:
        _prctl(_SET_DEATH_SIGNAL, signal.SIGTERM)
        if os.getppid() != parent[0]:
            os.kill(os.getpid(), signal.SIGTERM)

    os.register_at_fork(before=before, after_in_child=after)


def adopt_orphans() -> None:
    """Make this process the new parent of its orphaned descendants, so that it can see them end."""
    _prctl(_SET_CHILD_SUBREAPER, 1)


def reap_group(group: int) -> bool:
    """Collect ended children of a process group. True while a process of the group is left."""
    try:
        while os.waitpid(-group, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True

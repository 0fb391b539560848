"""Watches what the processes of a running site take: memory at its highest, and time of the processors."""

import os
import threading
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def _stat(pid: int) -> tuple[int, float]:
    """The parent, and the seconds of processors that the process and its ended children used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[1]), sum(int(field) for field in fields[11:15]) / TICKS


def _peak(pid: int) -> int:
    """The most memory in bytes that was ever resident."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


class Watch:
    """Looks at a process and all below it several times a second, until it is told to stop."""

    def __init__(self, pid: int, every: float = 0.5) -> None:
        self._root, self._every = pid, every
        self._peaks: dict[int, int] = {}
        self._seconds: dict[int, float] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def peak(self) -> int:
        """The highest memory of any one process so far."""
        return max(self._peaks.values(), default=0)

    @property
    def seconds(self) -> float:
        """Seconds of processors of all of them together so far."""
        return sum(self._seconds.values())

    def stop(self) -> None:
        """Look no more."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(self._every):
            parents = {}
            for entry in Path("/proc").glob("[0-9]*"):
                try:
                    parents[int(entry.name)] = _stat(int(entry.name))
                except (OSError, IndexError, ValueError):
                    continue
            for pid, (_parent, seconds) in parents.items():
                if self._belongs(pid, parents):
                    try:
                        self._peaks[pid] = max(_peak(pid), self._peaks.get(pid, 0))
                    except OSError:
                        continue
                    self._seconds[pid] = seconds

    def _belongs(self, pid: int, parents: dict[int, tuple[int, float]]) -> bool:
        while pid in parents and pid != self._root:
            pid = parents[pid][0]
        return pid == self._root

"""A small disk of one's own, to fill and to make read-only: a tmpfs, where this machine lets us mount one."""

import contextlib
import os
import subprocess
import time
from pathlib import Path


class NotAllowedError(Exception):
    """Mounting takes rights that this machine does not give."""


class SmallDisk:
    """A mounted tmpfs. Use as a context manager: it is unmounted whatever happens."""

    def __init__(self, place: Path, megabytes: int = 64) -> None:
        self.place, self.megabytes = place, megabytes
        self.ballast = place / "ballast"

    def __enter__(self) -> "SmallDisk":
        self.place.mkdir(parents=True, exist_ok=True)
        self._mount("-t", "tmpfs", "-o", f"size={self.megabytes}m", "tmpfs", str(self.place))
        return self

    def __exit__(self, *_: object) -> None:
        # Lazily: a process that is just ending may hold a file still.
        subprocess.run(["umount", "-l", str(self.place)], check=False, capture_output=True)

    def fill(self) -> None:
        """Leave not a byte."""
        with self.ballast.open("ab", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(os.urandom(4096))

    def make_room(self) -> None:
        """Take the ballast away again."""
        self.ballast.unlink()

    def read_only(self, within: float = 60) -> None:
        """Let nobody write; while somebody has a file open for writing the kernel refuses, so try again."""
        deadline = time.monotonic() + within
        while True:
            try:
                return self._mount("-o", "remount,ro", str(self.place))
            except NotAllowedError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def writable(self) -> None:
        """Let everybody write again."""
        self._mount("-o", "remount,rw", str(self.place))

    def _mount(self, *arguments: str) -> None:
        try:
            subprocess.run(["mount", *arguments], check=True, capture_output=True, text=True)
        except (FileNotFoundError, subprocess.CalledProcessError) as error:
            raise NotAllowedError(
                f"mount {' '.join(arguments)}: {getattr(error, 'stderr', error)}"
            ) from error

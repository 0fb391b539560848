"""How fast a zip of many images is put together, beside `zip -0` into a pipe, and how flat memory stays.

python -m tests.benchmarks.zip_speed [COUNT] [BYTES]
"""

import resource
import subprocess
import sys
import tempfile
import time
import zlib
from hashlib import sha256
from pathlib import Path

from generation.sets.archives import Member, zip_of


def main(count=10_000, size=30_000):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        members = []
        for index in range(count):
            data = index.to_bytes(4, "big") * (size // 4)
            path = folder / f"{index:06d}.png"
            path.write_bytes(data)
            members.append(Member(path.name, size, zlib.crc32(data), sha256(data).hexdigest(), str(path)))
        for _warm in range(2):
            began = time.perf_counter()
            archive = zip_of(members)
            planned = time.perf_counter() - began
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            began = time.perf_counter()
            sent = sum(map(len, archive.read(0, archive.size - 1)))
            ours = time.perf_counter() - began
            grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        began = time.perf_counter()
        zipped = subprocess.run(
            f"zip -0 -q -r - {folder} | wc -c", shell=True, capture_output=True, check=True
        )
        theirs = time.perf_counter() - began
        print(f"{count} files of {size} bytes, {sent / 1e6:.0f} MB")
        print(
            f"planned in {planned:.2f} s, sent in {ours:.2f} s ({sent / ours / 1e6:.0f} MB/s), {grown} KiB more memory"
        )
        print(f"zip -0 to a pipe: {theirs:.2f} s ({int(zipped.stdout) / theirs / 1e6:.0f} MB/s)")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

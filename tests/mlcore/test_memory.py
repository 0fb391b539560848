import subprocess
import sys

import pytest

CODE = """
import sys, torch
from pathlib import Path
from mlcore.memory import keep_freed_memory
if sys.argv[1] == "keep":
    assert keep_freed_memory() and keep_freed_memory()
def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
block = torch.empty(50_000_000, dtype=torch.uint8).fill_(1)
before = resident()
del block
print(before - resident())
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="glibc's malloc")
def test_large_blocks_stay_in_the_process() -> None:
    given_back = {
        way: int(subprocess.run([sys.executable, "-c", CODE, way], capture_output=True, check=True).stdout)
        for way in ("keep", "plain")
    }
    assert given_back["plain"] > 40_000_000 and given_back["keep"] < 5_000_000

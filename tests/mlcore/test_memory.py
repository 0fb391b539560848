import subprocess
import sys

import pytest

CODE = """
import resource, sys, torch
torch.set_num_threads(1)
from mlcore.memory import keep_freed_memory
if sys.argv[1] == "keep":
    assert keep_freed_memory() and keep_freed_memory()
for _ in range(3):
    torch.empty(12_000_000).fill_(1)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    torch.empty(12_000_000).fill_(1)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="glibc's malloc")
def test_large_blocks_are_used_again_instead_of_cleared_by_the_kernel() -> None:
    faults = {
        way: int(subprocess.run([sys.executable, "-c", CODE, way], capture_output=True, check=True).stdout)
        for way in ("keep", "plain")
    }
    assert faults["keep"] < faults["plain"] / 4

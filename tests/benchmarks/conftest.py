"""Where benchmarks leave their numbers: printed always, and as JSON in the folder that BENCHMARKS names."""

import json
import os
import platform
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items):
    """What is measured here depends on the machine and its load: it is run by `make bench`, never by `make test`."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.bench)


@pytest.fixture
def keep(request):
    """Print a result, and keep it with what it was measured on."""

    def write(name, **result):
        answer = {
            "command": f"BENCHMARKS=docs/benchmarks make bench ARGS='-k {request.node.originalname}'",
            "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
            # Of fifteen minutes: a machine shared with others says so.
            "load": round(os.getloadavg()[2], 1),
            **result,
        }
        text = json.dumps(answer, indent=2)
        print(f"\n{name}: {text}")
        if folder := os.environ.get("BENCHMARKS"):
            Path(folder, f"{name}.json").write_text(text + "\n")

    return write

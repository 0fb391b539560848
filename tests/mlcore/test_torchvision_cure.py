"""The cure: does nothing where torch and torchvision match, and gives a true nms where they do not."""

import subprocess
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mlcore import torchvision_cure


def slow_nms(boxes, scores, threshold):
    """By the definition, box by box."""
    kept = []
    for index in scores.argsort(descending=True, stable=True).tolist():
        for other in kept:
            width = min(boxes[index][2], boxes[other][2]) - max(boxes[index][0], boxes[other][0])
            height = min(boxes[index][3], boxes[other][3]) - max(boxes[index][1], boxes[other][1])
            common = max(width, 0) * max(height, 0)
            areas = [(boxes[n][2] - boxes[n][0]) * (boxes[n][3] - boxes[n][1]) for n in (index, other)]
            if common > threshold * (sum(areas) - common):
                break
        else:
            kept.append(index)
    return kept


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(count=st.integers(0, 25), seed=st.integers(0, 10_000), threshold=st.floats(0.05, 0.95))
def test_nms_is_that_of_the_definition(count, seed, threshold):
    stream = torch.Generator().manual_seed(seed)
    corner = torch.rand(count, 2, generator=stream) * 50
    boxes = torch.cat([corner, corner + 5 + torch.rand(count, 2, generator=stream) * 40], dim=1)
    scores = torch.rand(count, generator=stream)
    found = torchvision_cure.nms(boxes, scores, threshold)
    assert found.dtype == torch.int64
    assert found.tolist() == slow_nms(boxes.tolist(), scores, threshold)


def test_a_matching_pair_is_left_alone(monkeypatch):
    healthy = type(sys)("torchvision")
    monkeypatch.setattr(torchvision_cure.importlib, "import_module", lambda name: healthy)
    monkeypatch.setattr(torchvision_cure, "_forget", lambda: pytest.fail("touched a healthy torchvision"))
    monkeypatch.setattr(torchvision_cure, "_define_operators", lambda: pytest.fail("defined an operator"))
    assert torchvision_cure.import_torchvision() is healthy


def test_other_errors_are_not_hidden(monkeypatch):
    def refuse(name):
        raise RuntimeError("something else")

    monkeypatch.setattr(torchvision_cure.importlib, "import_module", refuse)
    with pytest.raises(RuntimeError, match="something else"):
        torchvision_cure.import_torchvision()


@pytest.mark.slow
def test_in_a_fresh_process_torchvision_imports_and_its_nms_works():
    script = """
import torch
from mlcore.torchvision_cure import import_torchvision, is_cured
one = import_torchvision()
assert import_torchvision() is one
from torchvision.ops import nms, batched_nms
from torchvision.transforms import v2
from torchvision.models import resnet18
boxes = torch.tensor([[0., 0, 10, 10], [1, 1, 11, 11], [20, 20, 30, 30]])
scores = torch.tensor([0.5, 0.9, 0.1])
assert nms(boxes, scores, 0.5).tolist() == [1, 2]
assert batched_nms(boxes, scores, torch.tensor([0, 1, 0]), 0.5).tolist() == [1, 0, 2]
assert v2.Resize(4)(torch.zeros(1, 3, 8, 8)).shape[-1] == 4
print(is_cured())
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    plain = subprocess.run([sys.executable, "-c", "import torchvision"], capture_output=True, check=False)
    assert done.stdout.split()[-1] == str(plain.returncode != 0)

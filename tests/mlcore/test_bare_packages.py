"""mlcore works where only torch, numpy, scipy, opencv, pillow and safetensors can be imported."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mlcore import images

from . import eight_pixels
from .eight_pixels import DCGAN

ROOT = Path(__file__).parents[2]
# What may be imported beside the standard library: the six, and what these themselves are made of.
BARE = """
import sys
ALLOWED = {
    "mlcore", "tests", "torch", "numpy", "scipy", "cv2", "PIL", "safetensors",
    "torchgen", "functorch", "typing_extensions", "filelock", "sympy", "mpmath", "networkx", "jinja2",
    "markupsafe", "fsspec", "setuptools", "pkg_resources", "_distutils_hack", "distutils-precedence",
    "__main__", "packaging",
}
from importlib.machinery import PathFinder
class Bare:
    @staticmethod
    def find_spec(name, path=None, target=None):
        top = name.partition(".")[0]
        if top in ALLOWED or top in sys.stdlib_module_names or top.startswith("_"):
            return PathFinder.find_spec(name, path, target)
        return None
sys.meta_path = [finder for finder in sys.meta_path if "frozen" in repr(finder) and finder is not PathFinder] + [Bare]
import warnings
warnings.simplefilter("ignore")
"""
EVERY_MODULE = """
import importlib, pkgutil, argparse
import mlcore
from mlcore.detector_setup import UltralyticsMissing
lacking = []
for found in pkgutil.walk_packages(mlcore.__path__, "mlcore."):
    if not found.name.endswith("__main__"):
        try:
            importlib.import_module(found.name)
        except UltralyticsMissing:  # said in words; only training a detector needs these modules
            lacking.append(found.name)
from mlcore import commands
for found in pkgutil.iter_modules(commands.__path__):
    importlib.import_module(f"mlcore.commands.{found.name}").add_arguments(argparse.ArgumentParser())
loaded = {"matplotlib", "ultralytics", "torchvision", "onnxruntime", "django"} & set(sys.modules)
print(sorted(loaded), sorted(lacking))
"""
RUN = """
import json
from mlcore.__main__ import main
for words in json.loads(sys.argv[1]):
    code = main(words)
    print("ended", code, words[0], flush=True)
"""


TINY = """
about = "tiny"
recipe = "dcgan"
[run]
steps = 3
batch = 4
save_every = 3
measure_every = 100
[settings]
image_size = 8
latent_size = 4
width = 4
head_width = 4
"""


def bare(code: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run this in a process that can import nothing else."""
    return subprocess.run(
        [sys.executable, "-c", BARE + code, *words], cwd=ROOT, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
def test_the_wall_holds() -> None:
    for name in ("django", "ultralytics", "torchvision", "matplotlib", "onnxruntime"):
        assert "ModuleNotFoundError" in bare(f"import {name}").stderr


@pytest.mark.slow
def test_every_module_and_command_imports() -> None:
    ended = bare(EVERY_MODULE)
    lacking = ["mlcore.detector_runs", "mlcore.detector_training"]
    assert (ended.returncode, ended.stdout.strip()) == (0, f"[] {lacking}"), ended.stderr


@pytest.mark.slow
def test_photos_become_a_generator_and_its_images(tmp_path: Path) -> None:
    source = np.random.default_rng(0)
    (tmp_path / "photos").mkdir()
    for number in range(60):  # so many that those held out could be measured against, had they a network
        squares = np.kron(source.integers(0, 256, (12, 12, 3)), np.ones((8, 8, 1))).astype(np.uint8)
        (tmp_path / "photos" / f"{number}.png").write_bytes(images.encode_png(squares))
    preset = tmp_path / "tiny.toml"
    preset.write_text(TINY)
    zoo = tmp_path / "zoo"
    zoo.mkdir()
    pair = str(eight_pixels.pair(zoo, DCGAN, conditions={"hand": {"drawn": "right"}}))
    out = {
        name: str(tmp_path / name)
        for name in ("packed", "run", "first", "images", "people", "person", "sheet.png")
    }
    calls = [
        ["train", "--list"],
        ["prepare", str(tmp_path / "photos"), "--out", out["packed"], "--no-detect", "--size", "32"],
        ["train", str(preset), "--data", out["packed"], "--out", out["run"]],
        ["generate", f"{out['run']}/last/generator.safetensors", out["first"], "3"],
        ["generate", pair, out["images"], "20", "--candidates", "2"],
        ["generate", pair, out["images"], "--verify"],
        ["generate", pair, out["people"], "--people", "9", "--images", "2"],
        ["person", out["person"], "3", "--model", pair],
        ["score", pair, out["images"]],
        ["inspect", pair, "--grid", out["sheet.png"]],
        ["bench", pair, "--count", "16", "--rounds", "1"],
        [
            "recogniser",
            "train",
            "--from",
            out["people"],
            f"{out['people']}/manifest.csv",
            "--dim",
            "4",
            "--out",
            str(tmp_path / "r.safetensors"),
        ],
        ["recogniser", "eval", out["people"], "--model", str(tmp_path / "r.safetensors"), "--json"],
    ]
    ended = bare(RUN, json.dumps(calls))
    codes = [line.split()[1:] for line in ended.stdout.splitlines() if line.startswith("ended ")]
    assert codes == [["0", words[0]] for words in calls], ended.stdout[-2000:] + ended.stderr[-3000:]

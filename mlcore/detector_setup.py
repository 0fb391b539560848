"""The one door to ultralytics: offline, quiet, nothing installed, sent or fetched unasked.

Its switches are environment variables that it reads when it is imported, so they are set here, before.
"""

import importlib
import importlib.util
import os
import shutil
import tempfile
from pathlib import Path
from types import ModuleType

import cv2
import torch
from PIL import Image

from mlcore.errors import MlcoreError
from mlcore.torchvision_cure import import_torchvision

# ultralytics puts its own functions in the place of these, for everybody; one of them tries to install a package.
REPLACED = ((Image, "open"), (torch, "save"), (cv2, "imread"), (cv2, "imwrite"), (cv2, "imshow"))


class UltralyticsMissing(MlcoreError):
    """The detector was asked for and ultralytics is not installed."""


def ultralytics() -> ModuleType:
    """Import ultralytics for work without a network."""
    home = _home()
    os.environ["YOLO_OFFLINE"] = "1"
    os.environ["YOLO_AUTOINSTALL"] = "false"
    os.environ["YOLO_VERBOSE"] = "false"
    os.environ["YOLO_CONFIG_DIR"] = str(home)
    kept = [(owner, name, getattr(owner, name)) for owner, name in REPLACED]
    try:
        import_torchvision()
        module = importlib.import_module("ultralytics")
        importlib.import_module("ultralytics.utils.patches")
    except ModuleNotFoundError as error:
        raise UltralyticsMissing(
            f"The palm detector needs {error.name}, which is not installed. "
            "Install it (pip install ultralytics), "
            "or prepare pictures that are palms already with --no-detect."
        ) from error
    for owner, name, function in kept:
        setattr(owner, name, function)
    return module


def _home() -> Path:
    """A settings folder of our own with the font that ultralytics would otherwise fetch."""
    home = Path(tempfile.gettempdir()) / f"palmsite-ultralytics-{os.getuid() if hasattr(os, 'getuid') else 0}"
    fonts = home / "Ultralytics"
    fonts.mkdir(parents=True, exist_ok=True)
    font = fonts / "Arial.ttf"
    if not font.exists() and importlib.util.find_spec("matplotlib"):
        import matplotlib

        shutil.copyfile(Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSans.ttf", font)
    return home

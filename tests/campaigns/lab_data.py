"""Data sets of any size for campaigns and measurements: small photographs-to-be of two kinds that can be told apart."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

SIDE = 32
TEST_SHARE = 6  # every sixth image is for testing, as in the well-known set of 120,000
QUALITY = 92


def pictures(count: int, seed: int = 0, kind: str = "jpg", side: int = SIDE) -> Iterator[tuple[str, bytes]]:
    """Names in the tree and bytes: smooth patches in colours of skin, the made ones with a fine regular grain."""
    source = np.random.default_rng(seed)
    grain = 14 * np.where(np.indices((side, side)).sum(axis=0) % 2, 1, -1)[..., None]
    for number in range(count):
        label = ("real", "fake")[number % 2]
        split = "test" if number // 2 % TEST_SHARE == 0 else "train"
        base = source.normal((190, 150, 130), 25, (4, 4, 3)).clip(0, 255).astype(np.float32)
        smooth = cv2.resize(base, (side, side), interpolation=cv2.INTER_CUBIC)
        noise = source.normal(0, 6, (side, side, 3))
        pixels = np.clip(smooth + noise + (grain if label == "fake" else 0), 0, 255).astype(np.uint8)
        options = [cv2.IMWRITE_JPEG_QUALITY, QUALITY] if kind == "jpg" else []
        done, data = cv2.imencode(f".{kind}", pixels[..., ::-1], options)
        assert done
        yield f"{split}/{label.upper()}/{number:06d}.{kind}", data.tobytes()


def archive(path: Path, count: int, seed: int = 0) -> int:
    """Write a stored zip of so many images; returns its bytes."""
    with zipfile.ZipFile(path, "w") as packed:
        for name, data in pictures(count, seed):
            packed.writestr(name, data)
    return path.stat().st_size


def truth(count: int) -> dict[str, int]:
    """How many images each part of such a data set has."""
    found = {f"{split}/{label}": 0 for split in ("train", "test") for label in ("real", "fake")}
    for number in range(count):
        split = "test" if number // 2 % TEST_SHARE == 0 else "train"
        found[f"{split}/{('real', 'fake')[number % 2]}"] += 1
    return found


def unpacked(folder: Path, count: int, kind: str = "jpg", side: int = SIDE) -> list[tuple[Path, str]]:
    """The same as files in a flat folder, with their labels."""
    found = []
    for name, data in pictures(count, 0, kind, side):
        path = folder / name.replace("/", "-")
        path.write_bytes(data)
        found.append((path, name.split("/")[1].lower()))
    return found

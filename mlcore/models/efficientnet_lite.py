"""EfficientNet-Lite (Tan and Le 2019, the variant without squeeze-and-excite) as a frozen feature network.

The padding is that of PyPI's `efficientnet_lite_pytorch`: TensorFlow's SAME padding worked out once for the
size the variant was trained at, then kept for every other size. Numbers depend on it, so it must stay.
"""

import math
import re
from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn


class Variant(NamedTuple):
    """How one EfficientNet-Lite differs from the others."""

    width: float
    depth: float
    native_size: int


VARIANTS = {
    "efficientnet-lite0": Variant(1.0, 1.0, 224),
    "efficientnet-lite2": Variant(1.1, 1.2, 260),
}

STEM_CHANNELS = 32
HEAD_CHANNELS = 1280

# repeats, kernel, stride, expansion, output channels: Table 1 of arXiv:1905.11946
_STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
_BATCH_NORM_EPS = 1e-3


class EfficientNetLite(nn.Module):
    """The network up to its pooled features: normalised NCHW images -> (N, 1280)."""

    def __init__(self, variant: str) -> None:
        super().__init__()
        width, depth, size = VARIANTS[variant]
        self.stem = _ConvNorm(3, STEM_CHANNELS, kernel=3, stride=2, size=size)
        size = math.ceil(size / 2)
        blocks: list[nn.Module] = []
        channels = STEM_CHANNELS
        for stage, (repeats, kernel, stride, expansion, outputs) in enumerate(_STAGES):
            # The first and last stage keep their depth in every Lite variant.
            scaled = repeats if stage in (0, len(_STAGES) - 1) else math.ceil(repeats * depth)
            outputs = _rounded(outputs * width)
            for repeat in range(scaled):
                step = stride if repeat == 0 else 1
                blocks.append(_Block(channels, outputs, kernel, step, expansion, size))
                size, channels = math.ceil(size / step), outputs
        self.blocks = nn.Sequential(*blocks)
        self.head = _ConvNorm(channels, HEAD_CHANNELS, kernel=1, stride=1, size=size)
        self.pool = nn.AdaptiveAvgPool2d(1)

    def forward(self, x: Tensor) -> Tensor:
        """Normalised images (N, 3, H, W) to features (N, 1280)."""
        return torch.flatten(self.pool(self.head(self.blocks(self.stem(x)))), 1)

    def load_published(self, state: Mapping[str, Tensor]) -> None:
        """Take the weights of `efficientnet_lite_pytorch`, whose names differ; its classifier is not used."""
        own = {_own_name(name): value for name, value in state.items() if not name.startswith("_fc.")}
        self.load_state_dict(own)


class _ConvNorm(nn.Module):
    """Convolution with fixed SAME padding, batch normalisation, and ReLU6 unless `linear`."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        kernel: int,
        stride: int,
        size: int,
        groups: int = 1,
        linear: bool = False,
    ) -> None:
        super().__init__()
        total = max((math.ceil(size / stride) - 1) * stride + kernel - size, 0)
        before, after = total // 2, total - total // 2
        even = before == after
        self.pad = nn.Identity() if even else nn.ZeroPad2d((before, after, before, after))
        self.conv = nn.Conv2d(
            inputs, outputs, kernel, stride, padding=before if even else 0, groups=groups, bias=False
        )
        self.bn = nn.BatchNorm2d(outputs, eps=_BATCH_NORM_EPS)
        self.act = nn.Identity() if linear else nn.ReLU6()

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.act(self.bn(self.conv(self.pad(x))))
        return result


class _Block(nn.Module):
    """Inverted residual: expand, filter each channel, project; added to its input where the shapes allow."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int, size: int
    ) -> None:
        super().__init__()
        inner = inputs * expansion
        self.expand = (
            nn.Identity() if expansion == 1 else _ConvNorm(inputs, inner, kernel=1, stride=1, size=size)
        )
        self.depthwise = _ConvNorm(inner, inner, kernel=kernel, stride=stride, size=size, groups=inner)
        self.project = _ConvNorm(inner, outputs, kernel=1, stride=1, size=size, linear=True)
        self.adds = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.project(self.depthwise(self.expand(x)))
        return result + x if self.adds else result


def _rounded(channels: float, divisor: int = 8) -> int:
    """Channels to the nearest multiple of eight, never more than a tenth below what was asked."""
    nearest = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return nearest + divisor if nearest < 0.9 * channels else nearest


_PARTS = {
    "_expand_conv": "expand.conv",
    "_depthwise_conv": "depthwise.conv",
    "_project_conv": "project.conv",
    "_bn0": "expand.bn",
    "_bn1": "depthwise.bn",
    "_bn2": "project.bn",
}
_OUTER_PARTS = {"_conv_stem": "stem.conv", "_bn0": "stem.bn", "_conv_head": "head.conv", "_bn1": "head.bn"}


def _own_name(published: str) -> str:
    """`_blocks.3._bn1.weight` -> `blocks.3.depthwise.bn.weight`."""
    block = re.fullmatch(r"_blocks\.(\d+)\.(\w+)\.(\w+)", published)
    if block:
        return f"blocks.{block[1]}.{_PARTS[block[2]]}.{block[3]}"
    part, _, leaf = published.partition(".")
    return f"{_OUTER_PARTS[part]}.{leaf}"

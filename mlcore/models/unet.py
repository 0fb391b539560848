"""The U-Net of denoising diffusion (Ho et al. 2020, arXiv:2006.11239) with linear attention at every scale and full
attention at the smallest. Its arithmetic is that of PyPI's denoising-diffusion-pytorch, so its weights convert.
"""

import math
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional


class UNet(nn.Module):
    """Noisy images (N, C, S, S) and noise levels (N,) to what the sampler expects of it, (N, C, S, S).

    With a `patch` of P it works on squares of P x P pixels as channels: P * P times less work, for a processor.
    """

    def __init__(
        self,
        image_size: int = 128,
        width: int = 64,
        multipliers: list[int] | None = None,
        heads: int = 4,
        head_size: int = 32,
        channels: int = 3,
        patch: int = 1,
    ) -> None:
        super().__init__()
        self.image_size = image_size
        self.patch = patch
        self.latent_size = (channels, image_size, image_size)
        widths = [width, *(width * multiplier for multiplier in multipliers or [1, 2, 4, 8])]
        pairs = list(pairwise(widths))
        time_size = 4 * width
        attention = {"heads": heads, "head_size": head_size}
        self.first = nn.Conv2d(channels * patch**2, width, 7, padding=3)
        self.time = nn.Sequential(
            Sinusoids(width), nn.Linear(width, time_size), nn.GELU(), nn.Linear(time_size, time_size)
        )
        last = len(pairs) - 1
        self.downs = nn.ModuleList(
            Stage(
                inputs,
                inputs,
                0,
                time_size,
                (FullAttention if level == last else LinearAttention)(inputs, **attention),
                nn.Conv2d(inputs, outputs, 3, padding=1) if level == last else Halve(inputs, outputs),
            )
            for level, (inputs, outputs) in enumerate(pairs)
        )
        self.middle = nn.ModuleList(
            [
                Residual(widths[-1], widths[-1], time_size),
                FullAttention(widths[-1], **attention),
                Residual(widths[-1], widths[-1], time_size),
            ]
        )
        self.ups = nn.ModuleList(
            Stage(
                outputs,
                outputs,
                inputs,
                time_size,
                (FullAttention if level == last else LinearAttention)(outputs, **attention),
                nn.Conv2d(outputs, inputs, 3, padding=1) if level == 0 else Double(outputs, inputs),
            )
            for level, (inputs, outputs) in reversed(list(enumerate(pairs)))
        )
        self.final = Residual(2 * width, width, time_size)
        self.out = nn.Conv2d(width, channels * patch**2, 1)

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        """(N, C, S, S), (N,) -> (N, C, S, S)."""
        start = h = self.first(functional.pixel_unshuffle(x, self.patch))
        t = self.time(time)
        kept: list[Tensor] = []
        for stage in cast("list[Stage]", self.downs):
            h = stage.first(h, t)
            kept.append(h)
            h = stage.second(h, t)
            h = stage.attention(h) + h
            kept.append(h)
            h = stage.resize(h)
        before, attention, after = self.middle
        h = before(h, t)
        h = after(attention(h) + h, t)
        for stage in cast("list[Stage]", self.ups):
            h = stage.first(torch.cat([h, kept.pop()], dim=1), t)
            h = stage.second(torch.cat([h, kept.pop()], dim=1), t)
            h = stage.resize(stage.attention(h) + h)
        image: Tensor = self.out(self.final(torch.cat([h, start], dim=1), t))
        return functional.pixel_shuffle(image, self.patch)


class Stage(nn.Module):
    """One scale of the U: two residual blocks, attention, a change of side. The U-Net wires them."""

    def __init__(
        self, inputs: int, outputs: int, joined: int, time_size: int, attention: nn.Module, resize: nn.Module
    ) -> None:
        super().__init__()
        self.first = Residual(inputs + joined, outputs, time_size)
        self.second = Residual(outputs + joined, outputs, time_size)
        self.attention = attention
        self.resize = resize


class Residual(nn.Module):
    """Two normalised convolutions, the first scaled and shifted by the noise level, around a shortcut."""

    def __init__(self, inputs: int, outputs: int, time_size: int) -> None:
        super().__init__()
        self.steer = nn.Linear(time_size, 2 * outputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.norm1 = RmsNorm(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.norm2 = RmsNorm(outputs)
        self.shortcut = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        """(N, inputs, s, s), (N, time_size) -> (N, outputs, s, s)."""
        scale, shift = self.steer(functional.silu(time))[:, :, None, None].chunk(2, dim=1)
        h = functional.silu(self.norm1(self.conv1(x), scale + 1, shift))
        h = functional.silu(self.norm2(self.conv2(h)))
        joined: Tensor = h + self.shortcut(x)
        return joined


class RmsNorm(nn.Module):
    """Each pixel's channels scaled to unit mean square (Zhang and Sennrich 2019)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(1, channels, 1, 1))

    def forward(self, x: Tensor, scale: Tensor | float = 1.0, shift: Tensor | None = None) -> Tensor:
        """Same shape; scaled and shifted (N, C, 1, 1) at once, for every look at all pixels takes time."""
        unit = functional.normalize(x, dim=1)
        by = self.gain * x.shape[1] ** 0.5 * scale
        return unit * by if shift is None else torch.addcmul(shift, unit, by)


class LinearAttention(nn.Module):
    """Attention whose cost grows with the pixels, not their square (Shen et al. 2018, arXiv:1812.01243)."""

    memory_slots = 4

    def __init__(self, channels: int, heads: int, head_size: int) -> None:
        super().__init__()
        self.heads, self.head_size = heads, head_size
        self.norm = RmsNorm(channels)
        self.memory = nn.Parameter(torch.randn(2, heads, head_size, self.memory_slots))
        self.to_qkv = nn.Conv2d(channels, 3 * heads * head_size, 1, bias=False)
        self.out = nn.Conv2d(heads * head_size, channels, 1)
        self.out_norm = RmsNorm(channels)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, s, s) -> the same shape."""
        n, _, height, width = x.shape
        size = self.heads * self.head_size
        # All heads stay side by side in a pixel's row, where they come from and where they go: to lay each apart would
        # copy every pixel four times, which takes longer than to multiply heads with one another and drop that.
        q, k, v = self.to_qkv(self.norm(x)).permute(0, 2, 3, 1).reshape(n, -1, 3 * size).chunk(3, dim=-1)
        memory_k, memory_v = self.memory.flatten(1, 2).transpose(-1, -2)  # each (slots, size)
        # One softmax over slots and pixels.
        most = torch.maximum(k.amax(dim=1, keepdim=True), memory_k.amax(dim=0))
        of_pixels, of_slots = (k - most).exp(), (memory_k - most).exp()
        whole = (of_pixels.sum(dim=1) + of_slots.sum(dim=1)).unsqueeze(-1)
        context = (of_pixels.transpose(1, 2) @ v + of_slots.transpose(1, 2) @ memory_v) / whole
        head = torch.arange(size, device=x.device) // self.head_size
        own = context * (head[:, None] == head) * self.head_size**-0.5  # (N, size, size), a block a head
        h = q.unflatten(-1, (self.heads, self.head_size)).softmax(dim=-1).flatten(2) @ own
        attended: Tensor = self.out_norm(self.out(h.view(n, height, width, size).permute(0, 3, 1, 2)))
        return attended


class FullAttention(nn.Module):
    """Every pixel attends to every other and to a few learned slots."""

    memory_slots = 4

    def __init__(self, channels: int, heads: int, head_size: int) -> None:
        super().__init__()
        self.heads, self.head_size = heads, head_size
        self.norm = RmsNorm(channels)
        self.memory = nn.Parameter(torch.randn(2, heads, self.memory_slots, head_size))
        self.to_qkv = nn.Conv2d(channels, 3 * heads * head_size, 1, bias=False)
        self.out = nn.Conv2d(heads * head_size, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, s, s) -> the same shape."""
        n, _, height, width = x.shape
        qkv = self.to_qkv(self.norm(x)).view(n, 3, self.heads, self.head_size, -1).transpose(-1, -2)
        q, k, v = qkv.unbind(1)  # each (N, heads, pixels, head_size)
        memory_k, memory_v = self.memory.unsqueeze(1).expand(-1, n, -1, -1, -1)
        h = functional.scaled_dot_product_attention(
            q, torch.cat([memory_k, k], dim=-2), torch.cat([memory_v, v], dim=-2)
        )
        attended: Tensor = self.out(h.transpose(-1, -2).reshape(n, -1, height, width))
        return attended


class Halve(nn.Module):
    """Half the side: four neighbours become channels, then a mix."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4 * inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, s, s) -> (N, outputs, s/2, s/2)."""
        halved: Tensor = self.conv(functional.pixel_unshuffle(x, 2))
        return halved


class Double(nn.Module):
    """Twice the side: repeat, then a convolution."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, s, s) -> (N, outputs, 2s, 2s)."""
        doubled: Tensor = self.conv(functional.interpolate(x, scale_factor=2.0))
        return doubled


class Sinusoids(nn.Module):
    """A noise level as sines and cosines of many periods (Vaswani et al. 2017, section 3.5)."""

    longest = 10_000.0

    def __init__(self, size: int) -> None:
        super().__init__()
        self.pairs = size // 2

    def forward(self, time: Tensor) -> Tensor:
        """(N,) -> (N, size)."""
        places = torch.arange(self.pairs, device=time.device)
        rates = torch.exp(places * -(math.log(self.longest) / (self.pairs - 1)))
        angles = time[:, None] * rates[None, :]
        return torch.cat([angles.sin(), angles.cos()], dim=-1)

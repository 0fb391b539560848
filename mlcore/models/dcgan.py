"""DCGAN (Radford et al. 2016, arXiv:1511.06434): generator and discriminator of strided convolutions. Networks only."""

from typing import Literal

from torch import Tensor, nn

Norm = Literal["batch", "instance", "none"]


class DcganGenerator(nn.Module):
    """Latents (N, latent_size) to images (N, 3, S, S); in [-1, 1] with tanh, in [0, 1] with sigmoid.

    The first map, 4 x 4, has S / 8 times `width` channels; every doubling of the side halves them.
    """

    def __init__(
        self,
        image_size: int = 128,
        latent_size: int = 100,
        width: int = 64,
        activation: Literal["tanh", "sigmoid"] = "tanh",
    ) -> None:
        super().__init__()
        self.image_size = image_size
        self.latent_size = latent_size
        multiplier = _first_multiplier(image_size)
        channels = width * multiplier
        layers: list[nn.Module] = [
            nn.ConvTranspose2d(latent_size, channels, 4, 1, 0, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
        ]
        while multiplier > 1:
            multiplier //= 2
            layers += [
                nn.ConvTranspose2d(channels, width * multiplier, 4, 2, 1, bias=False),
                nn.BatchNorm2d(width * multiplier),
                nn.ReLU(),
            ]
            channels = width * multiplier
        layers += [
            nn.ConvTranspose2d(channels, 3, 4, 2, 1, bias=False),
            nn.Tanh() if activation == "tanh" else nn.Sigmoid(),
        ]
        self.layers = nn.Sequential(*layers)
        self.apply(started_small)

    def forward(self, z: Tensor) -> Tensor:
        """(N, latent_size) -> (N, 3, S, S)."""
        images: Tensor = self.layers(z.view(z.shape[0], -1, 1, 1))
        return images


class DcganDiscriminator(nn.Module):
    """Images (N, 3, S, S) to one verdict each, (N, 1): a logit, larger = more real.

    With `classes` = 2 a linear head gives the logits of 'made' and 'real', as genPalms had it; their difference is the
    verdict, and the cross-entropy of the two is the binary cross-entropy of that difference.
    """

    def __init__(
        self, image_size: int = 128, width: int = 64, norm: Norm = "batch", classes: Literal[1, 2] = 1
    ) -> None:
        super().__init__()
        self.image_size = image_size
        self.classes = classes
        channels = width
        layers: list[nn.Module] = [nn.Conv2d(3, width, 4, 2, 1, bias=False), nn.LeakyReLU(0.2)]
        for _ in range(_first_multiplier(image_size).bit_length() - 1):
            layers += [
                nn.Conv2d(channels, 2 * channels, 4, 2, 1, bias=norm == "none"),
                *_norm_layers(norm, 2 * channels),
                nn.LeakyReLU(0.2),
            ]
            channels *= 2
        self.layers = nn.Sequential(*layers)
        self.verdict = (
            nn.Conv2d(channels, 1, 4, 1, 0, bias=False)
            if classes == 1
            else nn.Sequential(nn.Flatten(), nn.Linear(channels * 16, 2))
        )
        self.apply(started_small)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 3, S, S) -> (N, 1)."""
        logits: Tensor = self.verdict(self.layers(x)).flatten(1)
        return logits[:, 1:] - logits[:, :1] if self.classes == 2 else logits


def started_small(module: nn.Module) -> None:
    """The paper's start: weights from N(0, 0.02), scales of normalisation around one."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
        nn.init.normal_(module.weight, 0.0, 0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.BatchNorm2d | nn.InstanceNorm2d) and module.weight is not None:
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)


def _norm_layers(norm: Norm, channels: int) -> list[nn.Module]:
    if norm == "batch":
        return [nn.BatchNorm2d(channels)]
    return [nn.InstanceNorm2d(channels, affine=True)] if norm == "instance" else []


def _first_multiplier(image_size: int) -> int:
    if image_size < 8 or image_size & (image_size - 1):
        raise ValueError(f"image_size is {image_size}; it must be a power of two from 8 on")
    return image_size // 8

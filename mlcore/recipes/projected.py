"""Projected GAN (Sauer et al. 2021, arXiv:2111.01007) with an encoder against mode collapse.

Discriminator heads sit on frozen features, which learn from few images. Half of each batch is made from latents
that an encoder reads off real palms and must resemble them in those same features (VAE-GAN, Larsen et al. 2016,
arXiv:1512.09300): the generator cannot leave out a kind of palm that is in the data. What is read is whitened, so that
latents drawn later fall where the encoder put the data (the aim of Ghosh et al. 2020, arXiv:1903.12436).

A small network may have a finished generator as its teacher instead: half of each batch must resemble what the teacher
makes of the same latents (distillation, Hinton et al. 2015, arXiv:1503.02531), and no encoder is needed.

Or, where latents are to be as they are drawn from the first step on, the `nearest` of many draws takes the encoder's
place: half of each batch are the draws that already look most like real palms, and must resemble them more (IMLE, see
`nearest.py`). A finished pair may be the `base` to go on from.

With a `penalty` the heads are critics as in WGAN-GP (Gulrajani et al. 2017, arXiv:1704.00028): their slope is kept near
one between what they are shown of real and of made palms.
"""

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import Adam, Optimizer

from mlcore import checkpoint
from mlcore.errors import MlcoreError
from mlcore.models.dcgan import DcganGenerator
from mlcore.models.fastgan import FastGanGenerator
from mlcore.models.projected import TAPS, FeatureEncoder, ProjectedDiscriminator, Whitening
from mlcore.recipes.augment import DiffAugment, Draw
from mlcore.recipes.base import Losses, Recipe, hinge, learnable
from mlcore.recipes.lattice import lattice_beyond, lattice_power
from mlcore.recipes.nearest import NearestDraws


@dataclass(frozen=True, kw_only=True)
class ProjectedSettings:
    """Everything a preset may say. `network` makes the images; `widths` and `smooth` are FastGAN's, `width` is
    DCGAN's. With `fine` a head looks at single pixels. `teacher` is the folder of a finished generator, of palms as
    large or larger, `base` that of a finished pair. `nearest` says how many draws wait to be searched where there is
    no teacher. `penalty`, if any, makes critics of the heads. Heads may judge pictures made smaller (`judged_at`), and
    FastGAN's last `fixed` levels stay as they are in the base.
    """

    image_size: int = 128
    latent_size: int = 128
    network: Literal["fastgan", "dcgan"] = "fastgan"
    widths: list[int] = field(default_factory=lambda: [256, 256, 192, 128, 64, 32])
    smooth: int = 0
    width: int = 16
    base: str = ""
    teacher: str = ""
    nearest: int = 0
    fine: bool = False
    head_width: int = 128
    judged_at: int = 0
    fixed: int = 0
    penalty: float = 0.0
    learning_rate: float = 2e-4
    betas: tuple[float, float] = (0.0, 0.99)
    resemble: float = 5.0  # weight of resembling the encoded or taught palm in frozen features
    colour: float = 5.0  # weight of resembling it in colour, 16 times smaller
    exact: float = (
        0.0  # weight of resembling it in every pixel, as a teacher's palm can be: it has no lattice
    )
    lattice: float = 0.0  # weight of the power by which a lattice stands out of real palms
    divergence: float = 0.002  # weight of the encoder's distance from the latents that are drawn later
    augment: DiffAugment = field(default_factory=DiffAugment)
    precision: str = "float32"


class Projected(Recipe):
    """Hinge loss on the heads, or Wasserstein's; the generator also rebuilds what the encoder saw."""

    name = "projected"
    seen = ("efficientnet-lite0",)

    def __init__(self, settings: ProjectedSettings) -> None:
        self.settings = settings
        self.draws: NearestDraws | None = None
        generator: nn.Module
        if settings.network == "fastgan":
            generator = FastGanGenerator(
                settings.image_size, settings.latent_size, settings.widths, settings.smooth
            )
            if settings.fixed:
                generator.keep_last(settings.fixed)
        else:
            generator = DcganGenerator(settings.image_size, settings.latent_size, settings.width)
        self._judged_at = settings.judged_at or settings.image_size
        discriminator = ProjectedDiscriminator(
            self._judged_at, width=settings.head_width, fine=settings.fine, spectral=not settings.penalty
        )
        networks: dict[str, nn.Module] = {"generator": generator, "discriminator": discriminator}
        if settings.base:
            _go_on(settings.base, networks)
        if settings.teacher:
            networks["teacher"] = _teacher(settings)
        elif settings.nearest:
            self.draws = networks["draws"] = NearestDraws(settings.nearest, settings.latent_size)
        else:
            encoder = FeatureEncoder(settings.latent_size)
            with torch.no_grad():  # the encoder's last layer learns its size from a first look
                encoder(discriminator.features(torch.zeros(1, 3, self._judged_at, self._judged_at)))
            networks |= {"encoder": encoder, "whitening": Whitening(settings.latent_size)}
        super().__init__(networks, settings.precision)
        self.discriminator_network = discriminator

    def make_optimisers(self) -> dict[str, Optimizer]:
        """Adam for the generator with the encoder, and for the heads."""
        rate, betas = self.settings.learning_rate, self.settings.betas
        learning = [self.networks[name] for name in ("generator", "encoder") if name in self.networks]
        generator = [parameter for network in learning for parameter in learnable(network)]
        return {
            "generator": Adam(generator, rate, betas, foreach=True),
            "discriminator": Adam(learnable(self.discriminator_network.heads), rate, betas, foreach=True),
        }

    def architectures(self) -> dict[str, tuple[str, dict[str, Any]]]:
        """Generator and discriminator as the registry knows them."""
        chosen = self.settings
        sizes = {"image_size": chosen.image_size, "latent_size": chosen.latent_size}
        return {
            "generator": (
                ("fastgan-generator", {**sizes, "widths": chosen.widths, "smooth": chosen.smooth})
                if chosen.network == "fastgan"
                else ("dcgan-generator", {**sizes, "width": chosen.width})
            ),
            "discriminator": (
                "projected-discriminator",
                {
                    "image_size": self._judged_at,
                    "width": chosen.head_width,
                    "fine": chosen.fine,
                    "spectral": not chosen.penalty,
                },
            ),
        }

    def step(self, batches: list[Tensor]) -> Losses:
        """Generator first; the features of its images then serve the discriminator, computed once."""
        kept = [self._look(self._shown(real)) for real in batches]
        report: Losses = {}
        loss_g = self.learn("generator", [partial(self._generator_loss, seen) for seen in kept])
        loss_d = self.learn("discriminator", [partial(self._discriminator_loss, seen) for seen in kept])
        for seen in kept:
            for name, value in seen.report.items():
                report[name] = report.get(name, 0.0) + value / len(kept)
        return {"loss_d": loss_d, "loss_g": loss_g, **report}

    def _shown(self, pictures: Tensor) -> Tensor:
        """Pictures at the size at which they are judged."""
        return functional.avg_pool2d(pictures, pictures.shape[-1] // self._judged_at)

    def _draw(self, latents: Tensor) -> Tensor:
        return self._shown(self.generator(latents).float())

    def _look(self, real: Tensor) -> "_Seen":
        """What the frozen features say of the real images, and of the palms that half the batch must resemble."""
        half = real.shape[0] // 2
        augment = self.settings.augment
        draw = augment.draw(real.shape[0], real.shape[-1], real.device)
        features = self.discriminator_network.features
        with torch.no_grad(), self.autocast():
            real_maps = features(augment(real, draw))
            power = lattice_power(real)
            if "teacher" in self.networks:
                latents = torch.randn(half, self.settings.latent_size, device=real.device)
                taught = self._shown(self.networks["teacher"].eval()(latents).float())
                taught_maps = features(augment(taught, draw[:half]))
                return _Seen(draw, real_maps, power, taught, taught_maps, latents=latents)
            seen = _Seen(draw, real_maps, power, real[:half], [maps[:half] for maps in real_maps])
            if self.draws is None:
                seen.encoder_maps = features(real[:half])
            else:
                self.draws.fill(self._draw)
                seen.latents = self.draws.take_nearest(real[:half])
            return seen

    def _read(self, seen: "_Seen") -> tuple[Tensor, Tensor]:
        """The latents of the palms to resemble, and what it costs that an encoder put them away from drawn ones."""
        if seen.latents is not None:
            return seen.latents, seen.latents.new_zeros(())
        mean, log_variance = self.networks["encoder"](seen.encoder_maps)
        with torch.autocast(mean.device.type, enabled=False):
            read = self.networks["whitening"](mean + torch.randn_like(mean) * torch.exp(0.5 * log_variance))
        # KL(N(mean, variance) || N(0, 1)) in nats: appendix B of arXiv:1312.6114.
        return read, 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(dim=1).mean()

    def _generator_loss(self, seen: "_Seen") -> Tensor:
        chosen, discriminator = self.settings, self.discriminator_network
        half, count = seen.wanted.shape[0], seen.real_maps[0].shape[0]
        read, divergence = self._read(seen)
        drawn = torch.randn(count - half, chosen.latent_size, device=read.device)
        fakes = self._draw(torch.cat([read, drawn]))
        if self.draws is not None:
            self.draws.add(drawn, fakes[half:].detach())
        maps = discriminator.features(chosen.augment(fakes, seen.draw))
        # The heads must not learn from this: their gradients are dropped when their own turn begins.
        verdict = discriminator.judge(maps).sum(dim=1).mean()
        # A palm made again need not have the same pores: the finest map is the heads' alone.
        scales = len(TAPS)
        resemblance = _distance([m[:half] for m in maps[-scales:]], seen.wanted_maps[-scales:])
        away = fakes[:half] - seen.wanted
        colour = _tiny(away).abs().mean()
        seen.fake_maps = [m.detach() for m in maps]
        lattice = lattice_beyond(fakes, seen.real_power)
        seen.report |= {
            "resemblance": resemblance.item(),
            "lattice": lattice.item(),
            "divergence": divergence.item(),
        }
        loss: Tensor = (
            -verdict
            + chosen.resemble * resemblance
            + chosen.colour * colour
            + (chosen.exact if chosen.teacher else 0.0) * away.abs().mean()
            + chosen.lattice * lattice
            + chosen.divergence * divergence
        )
        return loss

    def _discriminator_loss(self, seen: "_Seen") -> Tensor:
        discriminator, penalty = self.discriminator_network, self.settings.penalty
        real, fake = (discriminator.seen(maps) for maps in (seen.real_maps, seen.fake_maps))
        on_real, on_fake = discriminator.verdicts(real), discriminator.verdicts(fake)
        if penalty:
            loss_real, loss_fake = -on_real.sum(dim=1).mean(), on_fake.sum(dim=1).mean()
            steep = _slope_penalty(discriminator, real, fake)
            seen.report["penalty"] = steep.item()
        else:
            loss_real, loss_fake = hinge(on_real, on_fake)
            steep = on_real.new_zeros(())
        seen.report |= {"loss_real": loss_real.item(), "loss_fake": loss_fake.item()}
        return loss_real + loss_fake + penalty * steep


@dataclass
class _Seen:
    """What one micro-batch has shown so far, kept between the two losses."""

    draw: Draw
    real_maps: list[Tensor]
    real_power: Tensor  # at a lattice's frequencies
    wanted: Tensor  # the palms that half the batch must resemble, and their maps
    wanted_maps: list[Tensor]
    encoder_maps: list[Tensor] = field(default_factory=list)
    latents: Tensor | None = None
    fake_maps: list[Tensor] = field(default_factory=list)
    report: Losses = field(default_factory=dict)


def _go_on(base: str, networks: dict[str, nn.Module]) -> None:
    """Give the networks the weights of a finished pair of their kind."""
    for name, network in networks.items():
        path = Path(base) / f"{name}.safetensors"
        try:
            missing, unknown = network.load_state_dict(checkpoint.load(path).state, strict=False)
        except RuntimeError:  # of another width
            missing, unknown = [], [name]
        not_stored = tuple(getattr(network, "not_stored", ()))
        if unknown or not all(each.startswith(not_stored) for each in missing):
            raise MlcoreError(
                f"{path} is a network of other sizes than this preset's: it cannot go on from it."
            )


def _teacher(settings: ProjectedSettings) -> nn.Module:
    loaded = checkpoint.load(Path(settings.teacher) / "generator.safetensors")
    arguments = loaded.header.arguments
    latent_size, image_size = arguments["latent_size"], arguments["image_size"]
    if latent_size != settings.latent_size:
        raise MlcoreError(
            f"{settings.teacher} has latent_size {latent_size}; its pupil has {settings.latent_size}."
        )
    if image_size % settings.image_size:  # larger palms are shown smaller
        raise MlcoreError(
            f"{settings.teacher} makes {image_size} px; its pupil's {settings.image_size} must go into it."
        )
    return checkpoint.build(loaded).requires_grad_(False)


def _slope_penalty(critics: ProjectedDiscriminator, real: list[Tensor], fake: list[Tensor]) -> Tensor:
    """Equation 3 of WGAN-GP for each head, at random places between what it is shown of real and of made palms.

    Maps have many numbers: a slope is by their root mean square and not their sum, or no head could be steep enough.
    """
    share = torch.rand(real[0].shape[0], 1, 1, 1, device=real[0].device)
    between = [
        (share * one.float() + (1 - share) * other.float()).requires_grad_(True)
        for one, other in zip(real, fake, strict=True)
    ]
    # Heads do not share what they are shown, so the gradient of their sum is each one's own.
    gradients = torch.autograd.grad(critics.verdicts(between).sum(), between, create_graph=True)
    slopes = torch.stack([each.flatten(1).norm(dim=1) * each[0].numel() ** 0.5 for each in gradients])
    penalty: Tensor = len(real) * ((slopes - 1) ** 2).mean()
    return penalty


def _tiny(images: Tensor) -> Tensor:
    return functional.avg_pool2d(images, 16)


def _distance(maps: list[Tensor], others: list[Tensor]) -> Tensor:
    """Mean over the scales of the squared difference as a share of the real maps' mean square."""
    shares = [
        ((one.float() - other.float()) ** 2).mean() / (other.float() ** 2).mean()
        for one, other in zip(maps, others, strict=True)
    ]
    return torch.stack(shares).mean()

"""Every network that a checkpoint may name. A plain dict: nothing registers itself by being imported elsewhere."""

from collections.abc import Callable

from torch import nn

from mlcore.models.dcgan import DcganDiscriminator, DcganGenerator
from mlcore.models.fastgan import FastGanGenerator
from mlcore.models.palmprint import PalmprintNet
from mlcore.models.projected import ProjectedDiscriminator
from mlcore.models.unet import UNet
from mlcore.models.upright import UprightNet
from mlcore.models.wgan import WganCritic

ARCHITECTURES: dict[str, Callable[..., nn.Module]] = {
    "dcgan-generator": DcganGenerator,
    "dcgan-discriminator": DcganDiscriminator,
    "wgan-critic": WganCritic,
    "fastgan-generator": FastGanGenerator,
    "projected-discriminator": ProjectedDiscriminator,
    "unet": UNet,
    "upright": UprightNet,
    "palmprint": PalmprintNet,
}

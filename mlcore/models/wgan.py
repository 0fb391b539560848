"""The critic of WGAN-GP (Gulrajani et al. 2017, arXiv:1704.00028). Its generator is DCGAN's. Networks only."""

from typing import Literal

from mlcore.models.dcgan import DcganDiscriminator


class WganCritic(DcganDiscriminator):
    """DCGAN's discriminator without batch normalisation, which a penalty per image forbids; a score, not a logit."""

    def __init__(
        self, image_size: int = 256, width: int = 128, norm: Literal["instance", "none"] = "instance"
    ) -> None:
        super().__init__(image_size, width, norm)

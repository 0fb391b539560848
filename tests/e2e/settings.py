"""The site's settings for stories in the browser: FID's weights are drawn at random there, so their hash is another."""

import hashlib
from pathlib import Path

from django.utils.functional import lazystr

from palmsite.settings import *  # noqa: F403
from palmsite.settings import PALMSITE_DATA


class _HashOfTheFile:
    """Of the weights as a story has put them there, after the site has started."""

    def __str__(self) -> str:
        path = Path(PALMSITE_DATA) / "weights" / "pt_inception-2015-12-05-6726825d.pth"
        return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


PALMSITE_INCEPTION_SHA256 = lazystr(_HashOfTheFile())

"""Recognises palms: pictures to unit vectors through the palmprint network, and how well that tells palms apart."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from mlcore import checkpoint, images
from mlcore.errors import RecogniserError, WrongKind
from mlcore.models.palmprint import SIDE, PalmprintNet

ZOO_NAME = "palm-recogniser"
BATCH = 16
FAR = 0.001
Vectors = NDArray[np.float64]  # (N, dim), of length one


@dataclass(frozen=True, slots=True)
class Verification:
    """How well pictures of one palm are told from pictures of two."""

    eer: float  # where false acceptances are as frequent as false rejections
    tar_at_far: float  # share of genuine pairs accepted where one impostor pair in a thousand is
    far: float
    genuine: int  # pairs of pictures of one palm
    impostor: int  # pairs of two palms
    genuine_mean: float  # mean agreement, from -1 to 1
    impostor_mean: float


class Recogniser:
    """A recogniser's checkpoint, ready to look."""

    def __init__(self, found: checkpoint.Checkpoint) -> None:
        if found.header.kind != "recogniser":
            raise WrongKind(f"A {found.header.kind} recognises nobody; give a recogniser.")
        self.header, self.sha256 = found.header, found.sha256
        self.network = checkpoint.build(found)

    @torch.inference_mode()
    def embed(self, pictures: Iterable[images.Pixels]) -> Vectors:
        """A unit vector for each picture (any size, RGB), read as its turn comes; thumbs should point to one side."""
        found, waiting = [], iter(pictures)
        while batch := list(islice(waiting, BATCH)):
            found.append(self.network(as_input(batch)).double().numpy())
        return np.concatenate(found) if found else np.zeros((0, 0))


def as_input(pictures: Sequence[images.Pixels]) -> torch.Tensor:
    """RGB pictures of any size -> what the network reads: N x 1 x 128 x 128 in [-1, 1]."""
    grey = [cv2.cvtColor(images.resize(picture, SIDE), cv2.COLOR_RGB2GRAY) for picture in pictures]
    return torch.from_numpy(np.stack(grey))[:, None].float() / 127.5 - 1


def new_network(dim: int) -> PalmprintNet:
    """A network that has learned nothing yet."""
    with torch.random.fork_rng(devices=[]):
        return PalmprintNet(dim=dim).eval()


def verify(vectors: Vectors, palms: Sequence[str]) -> Verification:
    """Compare every picture with every other. `palms` names the palm on each picture."""
    names = np.unique(np.asarray(palms), return_inverse=True)[1]
    first, second = np.triu_indices(len(names), 1)
    agreements = (vectors @ vectors.T)[first, second]
    is_same = names[first] == names[second]
    genuine, impostor = np.sort(agreements[is_same]), np.sort(agreements[~is_same])
    if not len(genuine) or not len(impostor):
        raise RecogniserError(
            "To tell palms apart there must be two pictures of one palm and pictures of two palms; there are "
            f"{len(names)} pictures of {len(set(palms))} palms."
        )
    bar = impostor[min(int(np.ceil((1 - FAR) * len(impostor))), len(impostor) - 1)]
    return Verification(
        eer=_equal_error(genuine, impostor),
        tar_at_far=float((genuine >= bar).mean()),
        far=FAR,
        genuine=len(genuine),
        impostor=len(impostor),
        genuine_mean=float(genuine.mean()),
        impostor_mean=float(impostor.mean()),
    )


def _equal_error(genuine: Vectors, impostor: Vectors) -> float:
    """The rate at the threshold where both errors are nearest; both arrays sorted."""
    bars = np.union1d(genuine, impostor[:: max(1, len(impostor) // 100_000)])
    rejected = np.searchsorted(genuine, bars, side="left") / len(genuine)
    accepted = 1 - np.searchsorted(impostor, bars, side="left") / len(impostor)
    nearest = int(np.argmin(np.abs(rejected - accepted)))
    return float((rejected[nearest] + accepted[nearest]) / 2)

"""Where a run computes: on which device, and as which of several processes."""

import torch
from torch import distributed, nn

from mlcore.errors import TrainingError


def chosen_device(name: str) -> torch.device:
    """`auto` takes an accelerator where there is one."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        return torch.device(name)
    except RuntimeError as error:
        raise TrainingError(f"There is no device {name!r}: write auto, cpu or cuda.") from error


def place_among_processes() -> tuple[int, int]:
    """Which of how many processes this one is."""
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    return 0, 1


def share_from_first(networks: nn.Module, world: int) -> None:
    """All begin with the weights of the first."""
    if world > 1:
        for tensor in networks.state_dict().values():
            distributed.broadcast(tensor, src=0)

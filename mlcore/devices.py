"""Where a run computes: on which device, and as which of several processes."""

import torch
from torch import distributed, nn

from mlcore.errors import TrainingError


def chosen_device(name: str) -> torch.device:
    """`auto` takes an accelerator where there is one."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    # What torch raises where it was built without CUDA, and where a device's module is not there.
    except (RuntimeError, AssertionError, ImportError) as error:
        there = ["cpu", *(f"cuda:{number}" for number in range(torch.cuda.device_count()))]
        raise TrainingError(
            f"The device {name!r} cannot be used here. There is: {', '.join(there)}."
        ) from error
    return device


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


def any_process(asks: bool, world: int, device: torch.device) -> bool:
    """Whether any of the processes asks: all hear the same answer, so that none waits for one that has left."""
    if world == 1:
        return asks
    told = torch.tensor(float(asks), device=device)
    distributed.all_reduce(told, op=distributed.ReduceOp.MAX)
    return bool(told.item())

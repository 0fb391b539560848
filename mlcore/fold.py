"""Makes a trained network fast without changing what it says: batch norms are folded into the convolutions
before them, weights are laid out channels last. Never used for training.
"""

import warnings
from collections import Counter

import torch
from torch import fx, nn
from torch.nn.utils import parametrize
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose2d)
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


def fast(network: nn.Module) -> nn.Module:
    """The same network for inference; one whose code cannot be traced is left unfolded, and only laid out
    anew.
    """
    network.eval()
    for module in network.modules():
        if parametrize.is_parametrized(module):  # spectral norms: the weight that they give no longer changes
            for name in list(module.parametrizations):  # type: ignore[arg-type]
                parametrize.remove_parametrizations(module, name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            traced = fx.symbolic_trace(network)
    except (fx.proxy.TraceError, TypeError, ValueError, RuntimeError, NotImplementedError):
        return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]
    modules = dict(traced.named_modules())
    calls = Counter(str(node.target) for node in traced.graph.nodes if node.op == "call_module")
    for node in list(traced.graph.nodes):
        if node.op != "call_module" or not isinstance(modules.get(node.target), NORMS):
            continue
        before = node.args[0]
        if not isinstance(before, fx.Node) or before.op != "call_module" or len(before.users) > 1:
            continue
        if calls[str(before.target)] > 1 or calls[str(node.target)] > 1:
            continue  # the same layer works elsewhere too, where there may be no norm
        folded = _folded(modules.get(str(before.target)), modules[node.target])
        if folded is None:
            continue
        modules[str(before.target)] = folded
        parent, _, name = str(before.target).rpartition(".")
        setattr(traced.get_submodule(parent), name, folded)
        node.replace_all_uses_with(before)
        traced.graph.erase_node(node)
    traced.recompile()
    traced.delete_all_unused_submodules()
    return traced.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def _folded(before: nn.Module | None, norm: nn.Module) -> nn.Module | None:
    """One layer that does what the two did, or None where they cannot be one (a shared weight, no
    statistics).
    """
    if not isinstance(norm, nn.modules.batchnorm._BatchNorm) or norm.running_var is None:
        return None
    if isinstance(before, CONVOLUTIONS):
        return fuse_conv_bn_eval(before, norm, transpose=isinstance(before, nn.ConvTranspose2d))
    if isinstance(before, nn.Linear) and isinstance(norm, nn.BatchNorm1d):
        return fuse_linear_bn_eval(before, norm)
    return None

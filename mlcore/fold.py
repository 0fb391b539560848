"""Makes a trained network fast without changing what it says: batch norms are folded into the convolutions
before them, weights are laid out channels last, and two kinds of layer that this is slow for are done otherwise.
Never used for training.
"""

import warnings
from collections import Counter
from typing import cast

import torch
from torch import fx, nn
from torch.nn import functional
from torch.nn.utils import parametrize
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose2d)
# Below this a transposed convolution leaves most of a vector of channels empty: twelve phases fill it, three do not.
FEW_CHANNELS = 4
# From this many weights on a map is small, and its layer is faster as a product of matrices.
MANY_WEIGHTS = 2**22
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
    traced.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    for name, module in list(traced.named_modules()):
        other = _faster(module)
        if other is not None:
            parent, _, last = name.rpartition(".")
            setattr(traced.get_submodule(parent), last, other)
    return traced


class Phases(nn.Module):
    """A transposed convolution 4, 2, 1 of few channels as a convolution whose channels are the pixels of each square.

    Pixel (2i + a, 2j + b) is a sum over a square of two by two of the input, another one for each phase (a, b); within
    three by three all four have room (Shi et al. 2016, Is the deconvolution layer the same as a convolutional layer?).
    """

    def __init__(self, layer: nn.ConvTranspose2d) -> None:
        super().__init__()
        given = layer.weight.detach()  # in, out, 4, 4
        kernel = given.new_zeros(2, 2, given.shape[1], given.shape[0], 3, 3)
        for a in range(2):
            for b in range(2):
                for u in range(2):
                    for v in range(2):
                        taken = given[:, :, 1 - a + 2 * u, 1 - b + 2 * v].T
                        kernel[a, b, :, :, 1 + a - u, 1 + b - v] = taken
        flat = kernel.reshape(-1, given.shape[0], 3, 3)
        self.kernel = nn.Parameter(flat.to(memory_format=torch.channels_last), requires_grad=False)
        bias = None if layer.bias is None else layer.bias.detach().repeat(4)
        self.bias = None if bias is None else nn.Parameter(bias, requires_grad=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, in, H, W) -> (N, out, 2H, 2W), channels last: so a pixel's channels are moved together."""
        phases = functional.conv2d(x, self.kernel, self.bias, padding=1).permute(0, 2, 3, 1)
        count, height, width, channels = phases.shape
        squares = phases.reshape(count, height, width, 2, 2, channels // 4).transpose(2, 3)
        return squares.reshape(count, 2 * height, 2 * width, channels // 4).permute(0, 3, 1, 2)


class Products(nn.Module):
    """A convolution of many weights over a small map as one matrix product.

    Such a layer waits for its weights, and a convolution lays them out anew at every call: for a small map that takes
    longer than the convolution itself. A matrix is laid out once.
    """

    def __init__(self, layer: nn.Conv2d) -> None:
        super().__init__()
        self.layer = layer  # says the kernel's size, stride and padding
        self.product = _Product(layer.weight.permute(0, 2, 3, 1).flatten(1), layer.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """What the layer says of (N, in, H, W)."""
        (down, across), (stride_down, stride_across) = self.layer.kernel_size, self.layer.stride
        top, left = cast(tuple[int, int], self.layer.padding)
        padded = functional.pad(x.permute(0, 2, 3, 1), (0, 0, left, left, top, top))
        windows = padded.unfold(1, down, stride_down).unfold(2, across, stride_across)
        count, height, width, channels, *_ = windows.shape
        rows = windows.permute(0, 1, 2, 4, 5, 3).reshape(-1, down * across * channels)
        return self.product(rows).view(count, height, width, -1).permute(0, 3, 1, 2)


class TransposedProducts(nn.Module):
    """The same for a transposed convolution 4, 2, 1: each pixel makes its four by four, which then add up."""

    def __init__(self, layer: nn.ConvTranspose2d) -> None:
        super().__init__()
        given = layer.weight.detach()  # in, out, 4, 4
        self.product = _Product(given.permute(2, 3, 1, 0).flatten(0, 2), None)
        self.bias = layer.bias
        self.channels = layer.out_channels

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, in, H, W) -> (N, out, 2H, 2W)."""
        count, inputs, height, width = x.shape
        made = self.product(x.permute(0, 2, 3, 1).reshape(-1, inputs))
        # A pixel's four by four are two by two squares of two by two; squares of neighbours lie on one another.
        squares = made.view(count, height, width, 2, 2, 2, 2, self.channels)
        padded = made.new_zeros(count, height + 1, 2, width + 1, 2, self.channels)
        for below in range(2):
            for right in range(2):
                here = padded[:, below : below + height, :, right : right + width]
                here += squares[:, :, :, below, :, right].permute(0, 1, 3, 2, 4, 5)
        whole = padded.view(count, 2 * height + 2, 2 * width + 2, self.channels)[:, 1:-1, 1:-1]
        if self.bias is not None:
            whole = whole + self.bias
        return whole.permute(0, 3, 1, 2)


class _Product:
    """Rows times a matrix, (out, in), by oneDNN where it is there: its products are as fast as its convolutions on
    every maker's processors, which torch's own are not.
    """

    def __init__(self, matrix: torch.Tensor, bias: torch.Tensor | None) -> None:
        self.matrix = self._laid_out(matrix.detach())
        self.bias = None if bias is None else self._laid_out(bias.detach())

    def __call__(self, rows: torch.Tensor) -> torch.Tensor:
        made = functional.linear(self._laid_out(rows), self.matrix, self.bias)
        return made.to_dense() if made.is_mkldnn else made

    @staticmethod
    def _laid_out(given: torch.Tensor) -> torch.Tensor:
        has_onednn: bool = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
        return given.contiguous().to_mkldnn() if has_onednn else given.contiguous()


def _faster(module: nn.Module) -> nn.Module | None:
    """The layer done otherwise, or None where it is fast as it is."""
    if isinstance(module, nn.ConvTranspose2d):
        shape = (module.kernel_size, module.stride, module.padding, module.output_padding, module.dilation)
        if shape != ((4, 4), (2, 2), (1, 1), (0, 0), (1, 1)) or module.groups != 1:
            return None
        if module.out_channels < FEW_CHANNELS:
            return Phases(module)
        return TransposedProducts(module) if module.weight.numel() >= MANY_WEIGHTS else None
    if isinstance(module, nn.Conv2d) and module.weight.numel() >= MANY_WEIGHTS:
        plain = module.padding_mode == "zeros" and not isinstance(module.padding, str)
        return Products(module) if plain and module.groups == 1 and module.dilation == (1, 1) else None
    return None


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

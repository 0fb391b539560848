"""A frozen network as ONNX bytes, for onnxruntime: twice as fast on a CPU as the same network in torch.

torch's own exporter needs two more packages; the feature networks use eleven operators, which fit here. Knows no
file: the bytes go straight into a session. Field numbers are those of onnx.proto3, operators those of opset 17.
"""

import operator
import struct
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, fx, nn

from mlcore.errors import MlcoreError

INPUT, OUTPUT = "images", "features"
_IR_VERSION, _OPSET, _FLOAT = 8, 17, 1
_ATTRIBUTE_INT, _ATTRIBUTE_INTS = 2, 7


class CannotWrite(MlcoreError):
    """A network with an operator that is not written here."""


def onnx_bytes(network: nn.Module, size: int) -> bytes:
    """The network (N, 3, size, size) -> (N, d) as a serialised ONNX model; batch normalisation must be folded."""
    writer = _Writer(network)
    traced = fx.Tracer().trace(network)
    for node in traced.nodes:
        writer.write(node)
    graph = b"".join(_field(1, node) for node in writer.nodes)
    graph += _field(2, b"features")
    graph += b"".join(_field(5, tensor) for tensor in writer.tensors)
    graph += _field(11, _value(INPUT, ["n", 3, size, size])) + _field(12, _value(OUTPUT, ["n", "d"]))
    return _field(1, _IR_VERSION) + _field(8, _field(1, b"") + _field(2, _OPSET)) + _field(7, graph)


class _Writer:
    """Turns traced nodes into ONNX nodes; a traced node's name is the name of its output."""

    def __init__(self, network: nn.Module) -> None:
        self.modules = dict(network.named_modules())
        self.nodes: list[bytes] = []
        self.tensors: list[bytes] = []
        self.names: dict[fx.Node, str] = {}

    def write(self, node: fx.Node) -> None:
        """One traced node."""
        if node.op == "placeholder":
            self.names[node] = INPUT
        elif node.op == "output":
            self._add("Identity", [self._of(node.args[0])], OUTPUT)
        elif node.op == "call_module":
            self._module(node, self.modules[str(node.target)], self._of(node.args[0]))
        elif node.op == "call_function":
            self._function(node)
        else:
            raise CannotWrite(f"{node.op} {node.target} cannot be written as ONNX.")

    def _module(self, node: fx.Node, module: nn.Module, source: str) -> None:
        name = self.names[node] = node.name
        if isinstance(module, nn.Conv2d):
            self._conv(name, module, source)
        elif isinstance(module, nn.Identity):
            self.names[node] = source
        elif isinstance(module, nn.ReLU6):
            low = self._constant(f"{name}_low", torch.tensor(0.0))
            high = self._constant(f"{name}_high", torch.tensor(6.0))
            self._add("Clip", [source, low, high], name)
        elif isinstance(module, nn.ReLU):
            self._add("Relu", [source], name)
        elif isinstance(module, nn.MaxPool2d | nn.AvgPool2d):
            self._pool(name, module, source)
        elif isinstance(module, nn.AdaptiveAvgPool2d) and module.output_size == 1:
            self._add("GlobalAveragePool", [source], name)
        elif isinstance(module, nn.ZeroPad2d):
            left, right, top, bottom = module.padding
            pads = self._constant(f"{name}_pads", torch.tensor([0, 0, top, left, 0, 0, bottom, right]))
            self._add("Pad", [source, pads], name)
        else:
            raise CannotWrite(f"{type(module).__name__} cannot be written as ONNX.")

    def _function(self, node: fx.Node) -> None:
        name = self.names[node] = node.name
        if node.target is operator.add:
            self._add("Add", [self._of(node.args[0]), self._of(node.args[1])], name)
        elif node.target is torch.cat and node.args[1] == 1:
            parts = node.args[0]
            assert isinstance(parts, Sequence)
            self._add("Concat", [self._of(part) for part in parts], name, axis=1)
        elif node.target is torch.flatten and node.args[1] == 1:
            self._add("Flatten", [self._of(node.args[0])], name, axis=1)
        else:
            raise CannotWrite(f"{node.target} cannot be written as ONNX.")

    def _conv(self, name: str, conv: nn.Conv2d, source: str) -> None:
        sources = [source, self._constant(f"{name}_weight", conv.weight)]
        if conv.bias is not None:
            sources.append(self._constant(f"{name}_bias", conv.bias))
        if isinstance(conv.padding, str):
            raise CannotWrite(f"Padding {conv.padding!r} cannot be written as ONNX.")
        high, wide = conv.padding
        self._add(
            "Conv",
            sources,
            name,
            kernel_shape=list(conv.kernel_size),
            strides=list(conv.stride),
            pads=[high, wide, high, wide],
            group=conv.groups,
        )

    def _pool(self, name: str, pool: nn.MaxPool2d | nn.AvgPool2d, source: str) -> None:
        assert isinstance(pool.kernel_size, int)
        assert isinstance(pool.stride, int)
        assert isinstance(pool.padding, int)
        extra = {} if isinstance(pool, nn.MaxPool2d) else {"count_include_pad": int(pool.count_include_pad)}
        kind = "MaxPool" if isinstance(pool, nn.MaxPool2d) else "AveragePool"
        self._add(
            kind,
            [source],
            name,
            kernel_shape=[pool.kernel_size] * 2,
            strides=[pool.stride] * 2,
            pads=[pool.padding] * 4,
            **extra,
        )

    def _of(self, node: Any) -> str:
        return self.names[node]

    def _add(self, kind: str, sources: Sequence[str], output: str, **attributes: Any) -> None:
        node = b"".join(_field(1, source.encode()) for source in sources)
        node += _field(2, output.encode()) + _field(4, kind.encode())
        node += b"".join(_field(5, _attribute(key, value)) for key, value in attributes.items())
        self.nodes.append(node)

    def _constant(self, name: str, tensor: Tensor) -> str:
        whole = tensor.detach().cpu().contiguous()
        kind = _FLOAT if whole.dtype == torch.float32 else 7
        data = b"".join(_field(1, int(length)) for length in whole.shape)
        data += _field(2, kind) + _field(8, name.encode()) + _field(9, whole.numpy().tobytes())
        self.tensors.append(data)
        return name


def _attribute(name: str, value: int | list[int]) -> bytes:
    head = _field(1, name.encode())
    if isinstance(value, int):
        return head + _field(3, value) + _field(20, _ATTRIBUTE_INT)
    return head + b"".join(_field(8, item) for item in value) + _field(20, _ATTRIBUTE_INTS)


def _value(name: str, shape: Sequence[int | str]) -> bytes:
    dims = b"".join(
        _field(1, _field(1, side) if isinstance(side, int) else _field(2, side.encode())) for side in shape
    )
    return _field(1, name.encode()) + _field(2, _field(1, _field(1, _FLOAT) + _field(2, dims)))


def _field(number: int, content: int | bytes) -> bytes:
    """One protobuf field: a varint, or bytes with their length before them."""
    if isinstance(content, int):
        return _varint(number << 3) + _varint(content)
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(found) + struct.pack("B", value)

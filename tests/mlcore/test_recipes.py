"""Losses in closed form, and that each recipe learns what it should from small pictures."""

import math
from functools import partial
from pathlib import Path

import pytest
import torch
from torch.nn import functional

from mlcore.checkpoint import Header, load, save, state_of
from mlcore.errors import MlcoreError
from mlcore.images import Normalisation
from mlcore.models.projected import Whitening
from mlcore.models.registry import ARCHITECTURES
from mlcore.recipes import projected
from mlcore.recipes.augment import DiffAugment, PhotoAugment
from mlcore.recipes.dcgan import Dcgan, DcganSettings
from mlcore.recipes.diffusion import Diffusion, DiffusionSettings
from mlcore.recipes.enlarge import Enlarge, EnlargeSettings
from mlcore.recipes.lattice import lattice_beyond, lattice_power
from mlcore.recipes.nearest import NearestDraws
from mlcore.recipes.projected import Projected, ProjectedSettings, _distance, _slope_penalty
from mlcore.recipes.refine import Refine, RefineSettings
from mlcore.recipes.relativistic import Relativistic, RelativisticSettings, slope
from mlcore.recipes.wgan_gp import WganGp, WganGpSettings

CPU = torch.device("cpu")
SIZES = {"image_size": 8, "latent_size": 4, "width": 4, "head_width": 4}


def started(recipe):
    recipe.to(CPU)
    return recipe


def pictures(count=4, size=8):
    return torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(1)) * 2 - 1


def test_dcgan_losses_in_closed_form():
    recipe = Dcgan(DcganSettings(**SIZES, smoothing=0.1))
    zero = torch.zeros(4, 1)
    assert [float(loss) for loss in recipe.losses_of(zero, zero)] == pytest.approx([math.log(2)] * 2)
    loss_real, _ = recipe.losses_of(torch.full((1, 1), 2.0), zero)
    sure = 1 / (1 + math.exp(-2))
    assert float(loss_real) == pytest.approx(-(0.9 * math.log(sure) + 0.1 * math.log(1 - sure)))


def test_two_logits_give_the_cross_entropy_of_two_classes():
    discriminator = Dcgan(DcganSettings(**SIZES, classes=2)).networks["discriminator"].eval()
    x = pictures()
    logits = discriminator.verdict(discriminator.layers(x))
    assert logits.shape == (4, 2)
    cross_entropy = torch.nn.functional.cross_entropy(logits, torch.ones(4, dtype=torch.long))
    verdict = discriminator(x)
    assert torch.allclose(torch.nn.functional.softplus(-verdict).mean(), cross_entropy)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Dcgan(DcganSettings(**SIZES)),
        lambda: Dcgan(DcganSettings(**SIZES, activation="sigmoid", classes=2, augment=None)),
        lambda: Relativistic(RelativisticSettings(**SIZES, norm="none")),
        lambda: WganGp(WganGpSettings(**SIZES, critic_steps=2)),
        lambda: Diffusion(DiffusionSettings(image_size=8, width=8, multipliers=[1, 2])),
        lambda: Diffusion(DiffusionSettings(image_size=8, width=8, multipliers=[1, 2], objective="image")),
        lambda: Diffusion(DiffusionSettings(image_size=8, width=8, multipliers=[1, 2], mode="ddpm")),
    ],
)
@pytest.mark.slow
def test_a_step_moves_every_network_and_says_its_losses(make):
    torch.manual_seed(0)
    recipe = started(make())
    before = {name: value.clone() for name, value in recipe.networks.named_parameters()}
    losses = recipe.step([pictures(), pictures()])
    assert "loss_g" in losses
    assert all(math.isfinite(value) for value in losses.values())
    moved = {
        name.split(".")[0]
        for name, value in recipe.networks.named_parameters()
        if not torch.equal(value, before[name])
    }
    assert moved == {name for name in recipe.networks if list(recipe.networks[name].parameters())}
    shipped = recipe.architectures()
    assert set(shipped) <= set(recipe.networks)


def rebuilding(network, x):
    return (network(x, torch.zeros(len(x))) - x).square().mean()


@pytest.mark.slow
def test_accumulation_is_one_larger_batch():
    """Two micro-batches of two give the gradient of one batch of four where nothing is random."""
    both = []
    for batches in ([pictures()], list(pictures().split(2))):
        torch.manual_seed(0)
        recipe = started(Diffusion(DiffusionSettings(image_size=8, width=8, multipliers=[1])))
        recipe.learn("generator", [partial(rebuilding, recipe.generator, x) for x in batches])
        both.append([parameter.detach().clone() for parameter in recipe.generator.parameters()])
    for one, other in zip(*both, strict=True):
        assert torch.allclose(one, other, atol=1e-5)


def test_slope_of_a_linear_verdict_is_its_weights_squared():
    weights = torch.randn(3 * 8 * 8)
    assert float(slope(lambda x: x.flatten(1) @ weights, pictures())) == pytest.approx(
        float(weights @ weights), rel=1e-5
    )


def test_penalties_come_at_their_turn_and_after_a_resume_too():
    recipe = started(Relativistic(RelativisticSettings(**SIZES, norm="none", penalty_every=3)))
    turns = [recipe.networks["clock"]() % 3 == 0 for _ in range(4)]
    assert turns == [True, False, False, True]
    other = Relativistic(RelativisticSettings(**SIZES, norm="none", penalty_every=3))
    other.networks.load_state_dict(recipe.networks.state_dict())
    assert other.networks["clock"]() == 4


def test_wgan_penalty_of_a_linear_critic(monkeypatch):
    recipe = WganGp(WganGpSettings(**SIZES))
    weights = torch.full((3 * 8 * 8,), 0.5)
    monkeypatch.setattr(recipe, "_score", lambda x: x.flatten(1) @ weights)
    expected = (float(weights.norm()) - 1) ** 2
    assert float(recipe._slope_penalty(pictures(), pictures())) == pytest.approx(expected, rel=1e-5)


def test_diffusion_tells_its_sampler_the_mean_colour_of_what_it_saw():
    recipe = started(Diffusion(DiffusionSettings(image_size=8, width=8, multipliers=[1])))
    assert recipe.sampler_arguments()["mean"] == [0.0, 0.0, 0.0]
    red = torch.zeros(2, 3, 8, 8)
    red[:, 0] = 0.5
    recipe.step([red])
    recipe.step([torch.zeros(1, 3, 8, 8), red[:1]])
    assert recipe.sampler_arguments()["mean"] == [0.375, 0.0, 0.0]


def test_diffusion_loss_of_a_network_that_knows_the_noise(monkeypatch):
    recipe = started(Diffusion(DiffusionSettings(image_size=8, width=8, multipliers=[1], mode="ddpm")))
    noise = []
    monkeypatch.setattr(
        torch, "randn_like", lambda x, real=torch.randn_like: noise.append(real(x)) or noise[-1]
    )
    monkeypatch.setattr(recipe.networks["generator"], "forward", lambda noisy, time: noise[-1])
    assert float(recipe._ddpm_loss(pictures())) == 0.0


def test_distance_is_a_share_of_the_real_maps():
    real = [torch.full((2, 3, 4, 4), 2.0), torch.full((2, 5, 2, 2), 10.0)]
    assert float(_distance(real, real)) == 0.0
    assert float(_distance([torch.zeros_like(m) for m in real], real)) == pytest.approx(1.0)


@pytest.mark.slow
def test_projected_learns_without_touching_its_frozen_parts():
    torch.manual_seed(0)
    recipe = started(Projected(ProjectedSettings(widths=[8, 8, 8, 8, 8, 4], latent_size=4, head_width=8)))
    discriminator = recipe.networks["discriminator"]
    frozen = {name: value.clone() for name, value in discriminator.features.state_dict().items()}
    mixing = {name: value.clone() for name, value in discriminator.mixing.state_dict().items()}
    heads = [value.clone() for value in discriminator.heads.parameters()]
    losses = recipe.step([pictures(4, 128)])
    named = {"loss_d", "loss_g", "loss_real", "loss_fake", "resemblance", "lattice", "divergence"}
    assert set(losses) == named
    assert all(
        torch.equal(value, frozen[name]) for name, value in discriminator.features.state_dict().items()
    )
    assert all(torch.equal(value, mixing[name]) for name, value in discriminator.mixing.state_dict().items())
    assert any(not torch.equal(a, b) for a, b in zip(heads, discriminator.heads.parameters(), strict=True))


@pytest.mark.slow
def test_a_fine_discriminator_judges_single_pixels_and_resemblance_leaves_them_alone(monkeypatch):
    torch.manual_seed(0)
    settings = ProjectedSettings(widths=[8, 8, 8, 8, 8, 4], latent_size=4, head_width=8, fine=True, smooth=1)
    recipe = started(Projected(settings))
    discriminator, generator = recipe.networks["discriminator"], recipe.networks["generator"]
    discriminator.eval()  # in training each look turns the vectors of the spectral norm a little
    maps = discriminator.features(pictures(2, 128))
    assert [each.shape[-1] for each in maps] == [64, 32, 16, 8, 4]
    verdicts = discriminator.judge(maps)
    others = discriminator.judge([maps[0] + 1, *maps[1:]])
    assert verdicts.shape == (2, 5)
    assert torch.equal(verdicts[:, :4], others[:, :4]) and not torch.equal(verdicts[:, 4], others[:, 4])
    assert [up.mode for up in generator.ups] == ["nearest"] * 4 + ["bilinear"]
    discriminator.train()
    compared = []
    monkeypatch.setattr(
        projected, "_distance", lambda ones, _: compared.append(len(ones)) or sum(one.sum() for one in ones)
    )
    recipe.step([pictures(4, 128)])
    assert compared == [4]


def test_whitening_makes_read_latents_like_drawn_ones():
    stream = torch.Generator().manual_seed(0)
    mix = torch.tensor([[2.0, 0.0, 0.0], [1.5, 0.5, 0.0], [0.0, -1.0, 0.6]])
    whitening = Whitening(3)
    for _ in range(4000):
        whitening(torch.randn(16, 3, generator=stream) @ mix.T + 1)
    whitening.eval()
    white = whitening(torch.randn(20_000, 3, generator=stream) @ mix.T + 1)
    assert torch.allclose(white.mean(dim=0), torch.zeros(3), atol=0.1)
    assert torch.allclose(torch.cov(white.T), torch.eye(3), atol=0.15)
    assert torch.equal(whitening(white), whitening(white))  # in use, what it sees changes nothing


def the_pair_of(recipe, folder):
    """As a finished run leaves it."""
    for kind, (architecture, arguments) in recipe.architectures().items():
        header = Header(kind=kind, architecture=architecture, arguments=arguments)
        save(folder / f"{kind}.safetensors", state_of(recipe.networks[kind]), header, dtype=torch.float16)
    return str(folder)


def a_small_pair(folder):
    settings = ProjectedSettings(widths=[8, 8, 8, 8, 8, 4], latent_size=4, head_width=8)
    return the_pair_of(Projected(settings), folder)


@pytest.mark.slow
def test_an_enlarged_generator_begins_as_its_base_and_learns_only_its_last_levels(tmp_path):
    torch.manual_seed(0)
    settings = EnlargeSettings(base=a_small_pair(tmp_path), last_width=4, head_width=8)
    recipe = started(Enlarge(settings))
    generator, base = recipe.generator, recipe.networks["base"]
    latents = torch.randn(2, 4)
    assert torch.equal(generator.eval().maps(latents)[-3], base.eval().maps(latents)[-2])
    before = {name: value.clone() for name, value in generator.state_dict().items()}
    losses = recipe.step([pictures(2, 256), pictures(2, 256)])
    assert set(losses) == {"loss_d", "loss_g", "loss_real", "loss_fake", "unfaithful", "tinted"}
    changed = {name for name, value in generator.state_dict().items() if not torch.equal(value, before[name])}
    assert changed
    assert all(
        name.startswith(("ups.4.", "ups.5.", "excitations.5.", "excitations.6.", "to_rgb."))
        for name in changed
    )


@pytest.mark.slow
def test_a_base_that_is_large_already_learns_its_skin_again(tmp_path):
    torch.manual_seed(0)
    grown = Enlarge(EnlargeSettings(base=a_small_pair(tmp_path), last_width=4, head_width=8))
    recipe = started(Enlarge(EnlargeSettings(base=the_pair_of(grown, tmp_path), head_width=8)))
    generator, base = recipe.generator, recipe.networks["base"]
    assert recipe.architectures()["generator"] == grown.architectures()["generator"]
    latents = torch.randn(2, 4)
    assert torch.equal(generator.eval()(latents), base.eval()(latents))
    recipe.step([pictures(2, 256)])
    # What skin is made from is as it was, and the palm made small nearly so.
    assert torch.equal(generator.eval().maps(latents)[-3], base.eval().maps(latents)[-3])
    away = functional.avg_pool2d(generator(latents) - base(latents), 4).abs().mean()
    assert 0 < away.item() < 0.1


def test_an_enlarged_generators_judge_is_the_bases(tmp_path):
    base = load(Path(a_small_pair(tmp_path)) / "discriminator.safetensors")
    recipe = Enlarge(EnlargeSettings(base=str(tmp_path), head_width=8))
    assert recipe.architectures()["discriminator"] == (base.header.architecture, base.header.arguments)
    judge = recipe.networks["discriminator"].state_dict()
    assert all(torch.equal(judge[name].half(), value.half()) for name, value in base.state.items())


@pytest.mark.slow
@pytest.mark.parametrize("side", [128, 64])
def test_a_pupil_learns_to_make_what_its_teacher_makes(tmp_path, side):
    """Of a pupil with half the side what the teacher makes is shown smaller."""
    torch.manual_seed(2)
    settings = ProjectedSettings(
        network="dcgan",
        image_size=side,
        width=4,
        latent_size=4,
        head_width=8,
        teacher=a_small_pair(tmp_path),
        resemble=100.0,
        colour=100.0,
        learning_rate=1e-2,
    )
    recipe = started(Projected(settings))
    taught = {name: value.clone() for name, value in recipe.networks["teacher"].state_dict().items()}
    latents = torch.randn(8, 4)

    def away():
        """In colour, on latents of its own; what a step reports is of two others each time."""
        with torch.no_grad():
            shown = functional.avg_pool2d(recipe.networks["teacher"](latents), 128 // side)
            apart = recipe.generator(latents) - shown
        return float(functional.avg_pool2d(apart, 16).abs().mean())

    before = away()
    losses = [recipe.step([pictures(4, side)]) for _ in range(8)]
    assert "encoder" not in recipe.networks and losses[0]["divergence"] == 0
    assert away() < 0.8 * before
    after = recipe.networks["teacher"].state_dict()
    assert all(torch.equal(value, after[name]) for name, value in taught.items())


@pytest.mark.slow
def test_a_pupil_that_must_be_exact_comes_nearer_to_its_teachers_pixels(tmp_path):
    taught = a_small_pair(tmp_path)
    left = {}
    for exact in (0.0, 200.0):
        torch.manual_seed(0)
        settings = ProjectedSettings(
            network="dcgan",
            width=4,
            latent_size=4,
            head_width=8,
            teacher=taught,
            colour=0.0,
            exact=exact,
            learning_rate=1e-2,
        )
        recipe = started(Projected(settings))
        for _ in range(6):
            recipe.step([pictures(4, 128)])
        latents = torch.randn(4, 4)
        with torch.no_grad():
            left[exact] = float(
                (recipe.generator(latents) - recipe.networks["teacher"](latents)).abs().mean()
            )
    assert left[200.0] < 0.8 * left[0.0]


def of_one_tone(latents):
    """A generator whose picture is as light as its latent's first number says."""
    return latents[:, :1, None, None].expand(-1, 3, 32, 32)


def test_each_real_picture_takes_the_draw_that_looks_like_it_and_no_other_gets_that():
    torch.manual_seed(0)
    draws = NearestDraws(64, 2)
    draws.fill(of_one_tone)
    tones = draws.latents[:, 0].sort().values
    dark = torch.full((3, 3, 64, 64), -9.0)
    assert torch.equal(draws.take_nearest(dark)[:, 0], tones[:3])
    assert torch.equal(draws.take_nearest(dark)[:, 0], tones[3:6])
    between = torch.full((1, 3, 64, 64), float(tones[10]) + 1e-4)
    assert draws.take_nearest(between)[0, 0] == tones[10]


def test_draws_wait_until_they_serve_and_no_more_wait_than_there_is_room_for():
    torch.manual_seed(0)
    draws = NearestDraws(32, 2)
    draws.fill(of_one_tone)
    draws.fill(lambda latents: pytest.fail("there is no room for more"))
    white = torch.tensor([[9.0, 0.0], [8.0, 0.0]])
    draws.add(white, of_one_tone(white))
    assert draws.latents[:, 0].max() < 8
    draws.take_nearest(torch.zeros(1, 3, 32, 32))
    draws.add(white, of_one_tone(white))
    resumed = NearestDraws(32, 2)
    resumed.load_state_dict(draws.state_dict())
    light = torch.full((2, 3, 32, 32), 9.0)
    first, second = resumed.take_nearest(light)[:, 0].tolist()
    assert first == 9 and second < 8


def test_what_is_drawn_too_often_comes_to_serve_for_what_is_drawn_too_seldom():
    """Half of the real pictures are black, and hardly any draw: in the end as many serve for black as for white."""
    torch.manual_seed(0)
    draws = NearestDraws(32, 1)
    served = []

    def tone(latents):
        return torch.where(latents > 2, -1.0, 1.0)[:, :, None, None].expand(-1, 3, 16, 16)

    black_and_white = torch.tensor([-1.0, 1.0, -1.0, 1.0])[:, None, None, None].expand(-1, 3, 16, 16)
    for _ in range(100):
        draws.fill(tone)
        served.append(draws.take_nearest(black_and_white)[::2])
    assert all((latents <= 2).all() for latents in served[-3:])
    assert len(torch.cat(served).unique()) == 200  # no draw served twice


@pytest.mark.slow
def test_kinds_of_picture_that_are_not_made_yet_are_learnt_from_their_nearest_draws():
    """Half of the pictures are black, and half are white: the heads alone would be content with one of the two."""
    torch.manual_seed(0)
    settings = ProjectedSettings(
        widths=[8, 8, 8, 8, 8, 4],
        latent_size=4,
        head_width=8,
        nearest=32,
        colour=1000.0,
        learning_rate=3e-3,
    )
    recipe = started(Projected(settings))
    assert set(recipe.networks) == {"generator", "discriminator", "draws"}
    both = torch.cat([torch.full((1, 3, 128, 128), tone) for tone in (-0.9, 0.9, 0.9, -0.9)])
    for _ in range(16):
        recipe.step([both])
    with torch.no_grad():
        tones = recipe.generator(torch.randn(32, 4)).mean(dim=(1, 2, 3))
    assert tones.min() < -0.6 and tones.max() > 0.6


@pytest.mark.slow
def test_a_projected_pair_goes_on_from_a_finished_one_of_its_sizes(tmp_path):
    sizes = {"widths": [8, 8, 8, 8, 8, 4], "latent_size": 4, "head_width": 8}
    base = a_small_pair(tmp_path)
    recipe = Projected(ProjectedSettings(**sizes, base=base))
    for name in ("generator", "discriminator"):
        kept, state = load(tmp_path / f"{name}.safetensors").state, recipe.networks[name].state_dict()
        assert all(torch.equal(state[each], value.to(state[each].dtype)) for each, value in kept.items())
    started(recipe).step([pictures(4, 128)])
    for other in ({"head_width": 16}, {"fine": True}, {"widths": [8, 8, 8, 8, 4, 4]}):
        with pytest.raises(MlcoreError, match="other sizes"):
            Projected(ProjectedSettings(**(sizes | other), base=base))


@pytest.mark.slow
def test_levels_that_are_fixed_stay_as_in_the_base_and_pictures_are_judged_smaller(tmp_path):
    torch.manual_seed(0)
    enlarged = Enlarge(EnlargeSettings(base=a_small_pair(tmp_path), last_width=4, head_width=8))
    settings = ProjectedSettings(
        base=the_pair_of(enlarged, tmp_path),
        image_size=256,
        judged_at=128,
        fixed=2,
        widths=[8, 8, 8, 8, 8, 4, 4],
        smooth=2,
        latent_size=4,
        head_width=8,
        nearest=16,
    )
    recipe = started(Projected(settings))
    before = {name: value.clone() for name, value in recipe.generator.state_dict().items()}
    seen = []
    recipe.discriminator_network.features.register_forward_pre_hook(
        lambda _, given: seen.append(given[0].shape[-1])
    )
    recipe.step([pictures(4, 256)])
    after = recipe.generator.state_dict()
    changed = {name for name, value in after.items() if not torch.equal(value, before[name])}
    fixed = ("ups.4.", "ups.5.", "excitations.5.", "excitations.6.", "to_rgb.")
    assert changed and not any(name.startswith(fixed) for name in changed)
    assert set(seen) == {128}
    assert recipe.architectures()["discriminator"][1]["image_size"] == 128


def test_a_lattice_is_what_made_pictures_have_beyond_real_ones():
    real = pictures(8, 64)
    power = lattice_power(real)
    again = torch.rand(8, 3, 64, 64, generator=torch.Generator().manual_seed(2)) * 2 - 1
    assert power.shape == (8, 8) and float(lattice_beyond(again, power)) == 0
    assert float(lattice_beyond(0.5 * again, power)) == 0  # softer is no lattice
    columns = torch.arange(64)
    for period in (2, 4, 8):
        ripple = 0.3 * torch.cos(2 * math.pi * columns / period)
        assert float(lattice_beyond(again + ripple, power)) > 0.02
    # With another sign in another part it does not cancel out.
    turned = torch.where(columns < 32, 0.3, -0.3) * torch.cos(math.pi * columns)
    assert float(lattice_beyond(again + turned, power)) > 0.02


def test_the_loss_of_a_lattice_takes_it_away():
    real = pictures(8, 32)
    power = lattice_power(real)
    ripple = torch.nn.Parameter(0.5 * torch.cos(math.pi * torch.arange(32)))
    optimiser = torch.optim.Adam([ripple], 0.02)
    left = []
    for _ in range(40):
        optimiser.zero_grad()
        loss = lattice_beyond(real + ripple, power)
        loss.backward()
        left.append(loss.item())
        optimiser.step()
    assert left[-1] < 0.1 * left[0]
    assert ripple.detach().abs().mean() < 0.25


class LinearCritics:
    """Two heads that weigh what each is shown."""

    def __init__(self, steepness):
        self.weights = [torch.full((3 * 4 * 4,), steepness), torch.full((5 * 2 * 2,), steepness)]

    def verdicts(self, seen):
        pairs = zip(seen, self.weights, strict=True)
        return torch.stack([maps.flatten(1) @ weights for maps, weights in pairs], dim=1)


def test_a_critics_slope_is_by_the_root_mean_square_of_its_maps():
    """Of d equal weights w a step of one in every number moves the verdict by d w: that is the slope."""
    seen = [torch.randn(2, 3, 4, 4), torch.randn(2, 5, 2, 2)]
    expected = (48 * 0.5 - 1) ** 2 + (20 * 0.5 - 1) ** 2
    assert float(_slope_penalty(LinearCritics(0.5), seen, seen)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.slow
def test_with_a_penalty_heads_are_critics_without_a_norm_whose_slope_comes_near_one():
    torch.manual_seed(0)
    settings = ProjectedSettings(widths=[8, 8, 8, 8, 8, 4], latent_size=4, head_width=8, penalty=10.0)
    recipe = started(Projected(settings))
    losses = [recipe.step([pictures(4, 128)]) for _ in range(8)]
    assert losses[-1]["penalty"] < losses[0]["penalty"]
    assert not any("parametrizations" in name for name, _ in recipe.discriminator_network.named_parameters())
    architecture, arguments = recipe.architectures()["discriminator"]
    built = ARCHITECTURES[architecture](**arguments)
    assert set(built.state_dict()) == set(recipe.discriminator_network.state_dict())


def a_finished_denoiser(folder):
    recipe = Diffusion(
        DiffusionSettings(image_size=128, width=8, multipliers=[1], patch=8, objective="image")
    )
    ((architecture, arguments),) = recipe.architectures().values()
    header = Header(kind="generator", architecture=architecture, arguments=arguments)
    save(folder / "generator.safetensors", state_of(recipe.generator), header, dtype=torch.float32)
    return recipe


@pytest.mark.slow
def test_refining_goes_on_from_its_base_and_ships_a_judge(tmp_path):
    torch.manual_seed(0)
    base = a_finished_denoiser(tmp_path)
    recipe = started(Refine(RefineSettings(base=str(tmp_path), objective="image", sigma_min=0.25)))
    before = {name: value.clone() for name, value in recipe.generator.state_dict().items()}
    assert all(torch.equal(value, base.generator.state_dict()[name]) for name, value in before.items())
    heads = [value.clone() for value in recipe.heads.heads.parameters()]
    losses = recipe.step([pictures(4, 128), pictures(4, 128)])
    assert set(losses) == {"loss_d", "loss_g", "loss_real", "loss_fake", "tinted"}
    assert all(math.isfinite(value) for value in losses.values())
    assert any(not torch.equal(value, before[name]) for name, value in recipe.generator.state_dict().items())
    assert any(not torch.equal(a, b) for a, b in zip(heads, recipe.heads.heads.parameters(), strict=True))
    assert recipe.architectures()["generator"] == base.architectures()["generator"]
    assert recipe.architectures()["discriminator"][0] == "projected-discriminator"


def test_a_model_without_a_last_step_is_not_refined(tmp_path):
    with pytest.raises(MlcoreError, match="Only a diffusion model of mode edm"):
        Refine(RefineSettings(base=str(tmp_path), mode="ddpm"))


@pytest.mark.slow
def test_the_heads_verdict_moves_what_the_last_step_makes(tmp_path):
    """The same palms and noise: with the heads' verdict the network takes another step than without."""
    a_finished_denoiser(tmp_path)
    taken = []
    for texture in (0.0, 10.0):
        torch.manual_seed(0)
        recipe = started(Refine(RefineSettings(base=str(tmp_path), objective="image", texture=texture)))
        recipe.step([pictures(4, 128)])
        taken.append(torch.cat([value.flatten() for value in recipe.generator.parameters()]))
    assert not torch.equal(*taken)


def test_a_teacher_of_other_latents_is_refused(tmp_path):
    with pytest.raises(MlcoreError, match="latent_size 4; its pupil has 8"):
        Projected(ProjectedSettings(network="dcgan", latent_size=8, teacher=a_small_pair(tmp_path)))


def test_a_teacher_of_smaller_palms_is_refused(tmp_path):
    with pytest.raises(MlcoreError, match="makes 128 px; its pupil's 256 must go into it"):
        Projected(
            ProjectedSettings(network="dcgan", image_size=256, latent_size=4, teacher=a_small_pair(tmp_path))
        )


@pytest.mark.slow
def test_enlarging_refuses_a_base_that_is_not_half_as_large(tmp_path):
    with pytest.raises(MlcoreError, match="twice"):
        Enlarge(EnlargeSettings(base=a_small_pair(tmp_path), image_size=512))


def test_diffaugment_makes_the_same_change_to_another_batch():
    augment = DiffAugment(cutout=0.5)
    torch.manual_seed(0)
    draw = augment.draw(4, 8)
    x = pictures()
    assert torch.equal(augment(x, draw), augment(x, draw))
    assert torch.equal(augment(x, draw)[:2], augment(x[:2], draw[:2]))
    assert not torch.equal(augment(x, draw), augment(x, augment.draw(4, 8)))


def test_diffaugment_without_strength_changes_nothing():
    augment = DiffAugment(colour=0.0, shift=0.0)
    assert torch.allclose(augment(pictures(), augment.draw(4, 8)), pictures(), atol=1e-6)


def test_diffaugment_shifts_by_whole_pixels_and_lets_gradients_pass():
    augment = DiffAugment(colour=0.0, shift=0.25)
    draw = augment.draw(1, 8)
    draw.down[:], draw.right[:] = 2, -1
    x = pictures(1).requires_grad_(True)
    moved = augment(x, draw)
    assert torch.allclose(moved[0, :, 2:, :7], x[0, :, :6, 1:], atol=1e-6)
    # The edge is repeated, twice above and once to the right.
    assert torch.allclose(moved[0, :, :2], moved[0, :, 2:3].expand(3, 2, 8))
    assert torch.equal(moved[0, :, :, 7], moved[0, :, :, 6])
    moved.sum().backward()
    assert x.grad is not None
    assert float(x.grad[0, 0, 0, 1]) == pytest.approx(3.0, abs=1e-5)


def test_photo_augment_mirrors_and_leaves_alone():
    assert torch.allclose(PhotoAugment()(pictures()), pictures())
    mirrored = PhotoAugment(mirror=1.0)(pictures())
    assert torch.allclose(mirrored, pictures().flip(-1), atol=1e-5)


def test_photo_augment_keeps_grey_grey_and_the_range():
    grey = torch.full((2, 3, 8, 8), 0.2)
    changed = PhotoAugment(rotation=20, shift=0.1, scale=(0.9, 1.1), jitter=(0.2, 0.2, 0.2, 0.1))(grey)
    assert torch.allclose(changed[:, 0], changed[:, 1], atol=1e-3)
    changed = PhotoAugment(jitter=(0.9, 0.9, 0.9, 0.4))(pictures())
    assert float(changed.min()) >= -1
    assert float(changed.max()) <= 1


def test_photo_augment_does_the_same_in_the_range_of_every_network():
    augment, halves = PhotoAugment(rotation=9, jitter=(0.4, 0.4, 0.4, 0.1)), Normalisation(low=0.0, high=1.0)
    torch.manual_seed(1)
    usual = augment(pictures())
    torch.manual_seed(1)
    assert torch.allclose(augment((pictures() + 1) / 2, halves) * 2 - 1, usual, atol=1e-5)

"""Presets say what they should, and a slip of the pen is refused."""

import pytest

from mlcore import presets
from mlcore.errors import MlcoreError


def test_every_preset_can_be_read_shown_and_read_again(tmp_path):
    assert {"palm-dcgan-128", "palm-dcgan-256", "genpalms-dcgan-256", "hackathon-wgan-gp"} <= set(
        presets.names()
    )
    assert {"hackathon-diffusion", "coursework-dcgan"} <= set(presets.names())
    for name in presets.names():
        preset = presets.read(name)
        assert preset.about
        path = tmp_path / f"{name}.toml"
        path.write_text(presets.shown(preset))
        assert presets.read(str(path)) == preset


def test_genpalms_is_as_its_authors_had_it():
    preset = presets.read("genpalms-dcgan-256")
    chosen = preset.settings
    assert (chosen.image_size, chosen.latent_size, chosen.width, chosen.head_width) == (256, 500, 64, 64)
    assert (chosen.activation, chosen.classes, chosen.betas) == ("sigmoid", 2, (0.5, 0.999))
    assert (chosen.rate_generator, chosen.rate_discriminator) == (2e-4, 1e-4)
    assert (preset.run.batch, preset.run.epochs, chosen.augment) == (32, 300, None)
    recipe = presets.read("genpalms-dcgan-256", ["settings.width=2", "settings.head_width=2"]).make_recipe()
    assert recipe.generator.layers[0].out_channels == 32 * 2
    assert (recipe.normalisation.low, recipe.normalisation.high) == (0.0, 1.0)


def test_the_hackathons_presets_are_as_the_team_had_them():
    preset = presets.read("hackathon-wgan-gp")
    chosen, photo = preset.settings, preset.run.photo
    assert (chosen.image_size, chosen.latent_size, chosen.width, chosen.head_width) == (256, 100, 128, 128)
    assert (chosen.penalty, chosen.rate_generator, chosen.rate_discriminator) == (10.0, 5e-5, 2e-5)
    assert (preset.run.batch, preset.run.epochs) == (16, 1000)
    assert (photo.rotation, photo.shift, photo.scale) == (20.0, 0.1, (0.9, 1.1))
    assert photo.jitter == (0.2, 0.2, 0.2, 0.1)
    preset = presets.read("hackathon-diffusion")
    chosen, run = preset.settings, preset.run
    assert (chosen.image_size, chosen.width, chosen.multipliers) == (128, 64, [1, 2, 4, 8])
    assert (chosen.noise_steps, chosen.learning_rate, chosen.mode) == (1000, 2e-5, "ddpm")
    assert (run.batch, run.accumulate, run.steps, run.average_decay, run.save_every) == (
        16,
        2,
        50000,
        0.995,
        500,
    )


def test_overrides_find_their_table():
    preset = presets.read(
        "coursework-dcgan", ["steps=7", "epochs=0", "settings.width=8", "augment.cutout=0.5", "thumb=left"]
    )
    assert preset.run.steps == 7
    assert preset.settings.width == 8
    assert preset.settings.augment.cutout == 0.5
    assert preset.data.thumb == "left"
    assert presets.read("coursework-dcgan", ["augment=false"]).settings.augment is None


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("steps", "has no '='"),
        ("stepz=1", "unknown"),
        ("run.stepz=1", "run has no 'stepz'"),
        ("steps=many", "must be of type int"),
        ("steps=true", "must be of type int"),
        ("smoothing=[1]", "must be of type float"),
        ("activation=relu", "must be one of tanh, sigmoid"),
        ("betas=[0.5]", "must be a list of 2"),
        ("augment=3", "must be a table"),
        ("width.x=1", "width is no table"),
        ("batch=0", "batch is 0; it must be at least 1"),
        ("steps=-5", "steps is -5"),
        ("epochs=-1", "epochs is -1; it must be at least 0"),
        ("save_every=0", "save_every is 0"),
        ("average_images=0", "average_images is 0"),
        ("average_decay=1.5", "from 0 to below 1"),
        ("run.photo.scale=[0, 0]", "photo.scale"),
        ("run=5", "run is 5; it must be a table: write run.key=value"),
        ("settings=3", "settings is 3; it must be a table"),
        ("seed=" + "9" * 30, "it must be from 0 to"),
        ("seed=" + "9" * 5000, "must be of type int"),
        ("measure.count=1", "measure.count is 1; it must be at least 10"),
    ],
)
def test_a_slip_is_refused_with_its_place(override, says):
    with pytest.raises(MlcoreError, match=says):
        presets.read("coursework-dcgan", [override])


@pytest.mark.parametrize("name", ["coursework-dcgan", "genpalms-dcgan-256", "hackathon-wgan-gp"])
def test_steps_that_epochs_would_overrule_are_refused_with_the_way_out(name, tmp_path):
    for overrides in (["steps=7"], ["run.steps=7", "epochs=2"]):
        with pytest.raises(presets.PresetError, match=r"epochs decide .* Give --set epochs=0 too"):
            presets.read(name, overrides)
    assert presets.read(name, ["epochs=0", "steps=7"]).run.steps == 7
    path = tmp_path / "kept.toml"  # as a run folder keeps it, with the steps that nobody gave
    path.write_text(presets.shown(presets.read(name)))
    assert presets.read(str(path), ["batch=2"]).run.epochs


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("image_size=65", "must be a power of two"),
        ("width=0", "has no weights; give it a width"),
        ("width=-3", "make no network"),
        ("latent_size=0", "has no weights"),
        ("rate_generator=-1", "Invalid learning rate"),
        ("betas=[2, 3]", "Invalid beta"),
        ("precision=bf16", "must be one of float32, bfloat16"),
    ],
)
def test_settings_that_make_no_network_are_refused(override, says):
    preset = presets.read("coursework-dcgan", ["width=4", "head_width=4", override])
    with pytest.raises(presets.PresetError, match=says):
        preset.make_recipe()


@pytest.mark.parametrize(
    ("name", "override", "says"),
    [
        ("palm-relativistic-128", "penalty_every=0", "penalty_every is 0; it must be at least 1"),
        ("hackathon-wgan-gp", "critic_steps=0", "critic_steps is 0; it must be at least 1"),
        ("palm-diffusion-128", "sample_steps=0", "sample_steps is 0; it must be from 1 to 1,000"),
        ("palm-diffusion-128", "image_size=0", "image_size is 0; it must be at least 1"),
        ("hackathon-diffusion", "sample_steps=5000", "it must be from 1 to 1,000"),
    ],
)
def test_a_count_with_which_no_step_can_be_taken_is_refused(name, override, says):
    with pytest.raises(MlcoreError, match=says):
        presets.read(name, [override])


def test_what_a_preset_must_say_is_asked_for(tmp_path):
    (tmp_path / "larger.toml").write_text("recipe = 'enlarge'\n")
    with pytest.raises(presets.PresetError, match=r"lacks 'base'; give it with --set settings\.base="):
        presets.read(str(tmp_path / "larger.toml"))


def test_words_with_quotes_survive_the_run_folder(tmp_path):
    preset = presets.read("palm-projected-128", ['settings.teacher="runs/the \\"good\\" one"'])
    assert preset.settings.teacher == 'runs/the "good" one'
    (tmp_path / "palm-projected-128.toml").write_text(presets.shown(preset))
    assert presets.read(str(tmp_path / "palm-projected-128.toml")) == preset


def test_an_unknown_preset_or_recipe_is_refused(tmp_path):
    with pytest.raises(presets.PresetError, match=r"there are .*coursework-dcgan"):
        presets.read("palm-dcgan-129")
    for content, says in (
        (b"recipe = 'magic'", "must be one of"),
        (b"x = [", "is no TOML"),
        (b"\xff\xfe", "is no TOML"),
    ):
        (tmp_path / "p.toml").write_bytes(content)
        with pytest.raises(presets.PresetError, match=says):
            presets.read(str(tmp_path / "p.toml"))
    (tmp_path / "p.toml").write_text("recipe = 'dcgan'\n[extra]\na = 1\n")
    with pytest.raises(presets.PresetError, match="no table 'extra'"):
        presets.read(str(tmp_path / "p.toml"))

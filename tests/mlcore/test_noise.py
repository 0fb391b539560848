import numpy as np

from mlcore import noise


def test_the_stream_is_the_one_that_was_promised() -> None:
    # Written down once: if these numbers change, every set ever made can no longer be made again.
    expected = [0.39756316, 0.4309045, -1.0050635, -1.1749933]
    assert noise.latent(1, 2, 4).tolist() == np.array(expected, np.float32).tolist()


def test_every_part_of_the_key_makes_another_stream() -> None:
    same = noise.latent(1, 2, 8)
    assert (noise.latent(1, 2, 8) == same).all()
    others = [
        noise.latent(2, 2, 8),
        noise.latent(1, 3, 8),
        noise.latent(1, 2, 8, draw=1),
        noise.latent(12, 0, 8),
    ]
    others.append(noise.normal(noise.stream(1, 2, 0, "hand"), (8,)))
    assert all((other != same).all() for other in others)


def test_it_is_standard_normal_and_leaves_global_state_alone() -> None:
    np.random.seed(5)
    before = np.random.get_state()[1].copy()
    values = noise.latent(0, 0, (4, 50, 50))
    assert values.shape == (4, 50, 50) and values.dtype == np.float32
    assert abs(values.mean()) < 0.03 and abs(values.std() - 1) < 0.03
    assert (np.random.get_state()[1] == before).all()


def test_uniform_numbers_are_spread() -> None:
    values = np.array([noise.uniform(7, index, "hand") for index in range(500)])
    assert values.min() >= 0 and values.max() < 1 and 0.45 < values.mean() < 0.55

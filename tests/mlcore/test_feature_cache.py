import multiprocessing

import numpy as np
import pytest

from mlcore.feature_cache import NAME, FeatureCache
from tests.mlcore.tiny import pictures, tiny_extractor


def openers(images, opened=None):
    def opener(index):
        def read():
            if opened is not None:
                opened.append(index)
            return images[index]

        return read

    return {f"{index:064d}": opener(index) for index in range(len(images))}


def test_a_known_image_is_never_opened_again(tmp_path):
    opened = []
    images = pictures(40)
    cache, extractor = FeatureCache(tmp_path), tiny_extractor()
    first = cache.features(extractor, openers(images[:35], opened))
    assert opened == list(range(35))
    again = FeatureCache(tmp_path).features(extractor, openers(images, opened))
    assert opened == list(range(40))
    for key, row in first.items():
        assert np.array_equal(again[key], row)
    assert cache.known(extractor, ["0" * 64, "x"]) == {"0" * 64}


def test_features_come_in_the_order_of_the_pictures_whatever_is_known(tmp_path):
    wanted = openers(pictures(6))
    backwards = dict(reversed(wanted.items()))
    cache, extractor = FeatureCache(tmp_path), tiny_extractor()
    cache.features(extractor, {key: wanted[key] for key in list(wanted)[2:4]})
    assert list(cache.features(extractor, backwards)) == list(backwards)
    assert list(cache.features(extractor, wanted)) == list(wanted)


def test_other_weights_are_other_features(tmp_path):
    images = openers(pictures(3))
    one = FeatureCache(tmp_path).features(tiny_extractor(), images)
    other = FeatureCache(tmp_path).features(tiny_extractor(sha256="0" * 64, seed=1), images)
    assert not np.allclose(one["0" * 64], other["0" * 64])


def test_without_a_folder_nothing_is_kept():
    cache, opened = FeatureCache(None), []
    for _ in range(2):
        cache.features(tiny_extractor(), openers(pictures(2), opened))
    assert opened == [0, 1, 0, 1]


@pytest.mark.parametrize("damage", [b"", b"not a database, but long enough to be looked at" * 50])
def test_a_broken_cache_costs_only_time(tmp_path, damage):
    (tmp_path / NAME).write_bytes(damage)
    cache, opened = FeatureCache(tmp_path), []
    images = pictures(3)
    for _ in range(3):
        found = cache.features(tiny_extractor(), openers(images, opened))
        assert len(found) == 3
    assert opened[:3] == [0, 1, 2]
    assert len(opened) <= 6  # at most one more look, then it is kept again


def test_progress_counts_what_was_known(tmp_path):
    cache, extractor, seen = FeatureCache(tmp_path), tiny_extractor(), []
    images = pictures(70)
    cache.features(extractor, openers(images[:10]))
    cache.features(extractor, openers(images), progress=lambda done, total: seen.append((done, total)))
    assert seen == [(42, 70), (70, 70)]


def _fill(folder, start):
    cache, images = FeatureCache(folder), pictures(90)
    keys = openers(images)
    some = {key: keys[key] for key in list(keys)[start : start + 60]}
    cache.features(tiny_extractor(), some)


@pytest.mark.slow
def test_processes_fill_one_cache_together(tmp_path):
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_fill, args=(tmp_path, start)) for start in (0, 15, 30)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
        assert worker.exitcode == 0
    opened = []
    found = FeatureCache(tmp_path).features(tiny_extractor(), openers(pictures(90), opened))
    assert opened == []
    assert np.allclose(found[f"{77:064d}"], tiny_extractor()(pictures(90)[77:78]).numpy(), atol=1e-5)

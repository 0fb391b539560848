import time
from pathlib import Path

import numpy as np
import pytest

from mlcore import images, summary, tally


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    source = np.random.RandomState(0)
    for label, shapes in (("a", [(10, 20), (30, 30)]), ("b", [(8, 8)])):
        (tmp_path / label).mkdir()
        for number, shape in enumerate(shapes):
            pixels = source.randint(0, 256, (*shape, 3)).astype(np.uint8)
            (tmp_path / label / f"{number}.png").write_bytes(images.encode_png(pixels))
    (tmp_path / "b" / "same.png").write_bytes((tmp_path / "a" / "0.png").read_bytes())
    (tmp_path / "b" / "torn.jpg").write_bytes(b"\xff\xd8\xff\xe0nothing")
    (tmp_path / "top.png").write_bytes(images.encode_png(np.zeros((4, 4, 3), np.uint8)))
    (tmp_path / "notes.txt").write_text("not an image")
    return tmp_path


def test_it_is_what_numpy_says_of_all_pixels_at_once(folder: Path) -> None:
    found = summary.summarise(summary.samples_of(folder))
    pixels = np.concatenate(
        [
            images.decode(path.read_bytes()).reshape(-1, 3) / 255
            for path, _ in summary.samples_of(folder)
            if path.suffix == ".png"
        ]
    )
    assert found.mean == pytest.approx(pixels.mean(axis=0).tolist(), abs=1e-5)
    assert found.deviation == pytest.approx(pixels.std(axis=0).tolist(), abs=1e-5)
    assert found.images == 5 and found.counts == {"": 1, "a": 2, "b": 2}
    assert found.sizes == {"20x10": 2, "30x30": 1, "8x8": 1, "4x4": 1}


def test_broken_and_equal_files_are_named(folder: Path) -> None:
    found = summary.summarise(summary.samples_of(folder))
    assert list(found.broken) == [str(folder / "b" / "torn.jpg")]
    assert found.duplicates == [[str(folder / "a" / "0.png"), str(folder / "b" / "same.png")]]


def test_it_tells_progress_and_stops(folder: Path, monkeypatch) -> None:
    monkeypatch.setattr(summary, "CHUNK", 1)
    told: list[tuple[int, int]] = []
    found = summary.summarise(
        summary.samples_of(folder), lambda *now: told.append(now), should_stop=lambda: len(told) == 2
    )
    assert told == [(1, 6), (2, 6)] and found.images == 2


def test_the_answer_does_not_depend_on_how_many_are_read_together(folder: Path, monkeypatch) -> None:
    whole = summary.summarise(summary.samples_of(folder))
    monkeypatch.setattr(summary, "CHUNK", 1)
    assert summary.summarise(summary.samples_of(folder)) == whole


def test_helpers_say_the_same_and_one_that_dies_is_not_missed(folder: Path, monkeypatch) -> None:
    alone = summary.summarise(summary.samples_of(folder))
    for name, value in (("CHUNK", 1), ("PATIENCE", 0), ("MOST", 2)):
        monkeypatch.setattr(summary, name, value)
    monkeypatch.setattr(summary.os, "cpu_count", lambda: 2)
    asked, read = [], tally.Helper.read

    def first_answers_then_dies(helper: tally.Helper, chunk: list[tally.Sample]) -> tally.Part:
        asked.append(chunk)
        if len(asked) == 2:
            helper.process.kill()
        return read(helper, chunk)

    monkeypatch.setattr(tally.Helper, "read", first_answers_then_dies)
    monkeypatch.setattr(tally, "read", lambda chunk, here=tally.read: (time.sleep(1), here(chunk))[1])
    assert summary.summarise(summary.samples_of(folder)) == alone
    assert len(asked) == 2


def test_nothing_is_no_error() -> None:
    found = summary.summarise([])
    assert found.images == 0 and found.mean == [0, 0, 0]

from pathlib import Path

import numpy as np
import pytest

from mlcore.feature_table import FeatureTable, TableWriter, bytes_of, is_whole

ROWS, WIDTH = 300, 12


@pytest.fixture
def rows() -> np.ndarray:
    return np.random.RandomState(0).normal(0, 3, (ROWS, WIDTH)).astype(np.float32)


def write(path: Path, rows: np.ndarray, upto: int = ROWS, step: int = 64) -> TableWriter:
    writer = TableWriter(path, ROWS)
    for first in range(writer.done, upto, step):
        writer.append(rows[first : min(first + step, upto)])
    return writer


def test_rows_come_back_in_any_order(rows, tmp_path: Path) -> None:
    write(tmp_path / "t.npy", rows).finish()
    places = np.array([5, 6, 7, 299, 0, 5, 100])
    with FeatureTable(tmp_path / "t.npy") as table:
        assert (table.rows, table.width) == (ROWS, WIDTH)
        assert table.take(places) == pytest.approx(rows[places], rel=1e-3, abs=1e-3)
        assert table.take(places[:0]).shape == (0, WIDTH)
        parts = [(part, block) for part, block in table.blocks(np.arange(ROWS)[::-1])]
        assert np.concatenate([block for _, block in parts]) == pytest.approx(rows[::-1], rel=1e-3, abs=1e-3)
    assert np.load(tmp_path / "t.npy").shape == (ROWS, WIDTH)
    assert (tmp_path / "t.npy").stat().st_size == pytest.approx(bytes_of(ROWS, WIDTH), abs=200)


def test_it_goes_on_where_it_was_broken_off(rows, tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole.npy", tmp_path / "broken.npy"
    write(whole, rows).finish()
    write(broken, rows, upto=130).close()
    assert not broken.exists()
    with (tmp_path / "broken.npy.part").open("r+b") as file:
        file.truncate(file.seek(0, 2) - 5)
    again = TableWriter(broken, ROWS)
    assert again.done == 129
    write(broken, rows).finish()
    assert broken.read_bytes() == whole.read_bytes()
    assert not (tmp_path / "broken.npy.part").exists()


def test_two_who_write_one_table_write_the_same(rows, tmp_path: Path) -> None:
    slow = write(tmp_path / "t.npy", rows, upto=100)
    write(tmp_path / "t.npy", rows).finish()
    slow.append(rows[100:150])
    slow.append(rows[150:])
    slow.finish()
    with FeatureTable(tmp_path / "t.npy") as table:
        assert table.take(np.arange(ROWS)) == pytest.approx(rows, rel=1e-3, abs=1e-3)


def test_what_another_number_of_rows_left_is_not_gone_on_with(rows, tmp_path: Path) -> None:
    write(tmp_path / "t.npy", rows, upto=100).close()
    assert TableWriter(tmp_path / "t.npy", ROWS + 1).done == 0
    (tmp_path / "t.npy.part").write_bytes(b"torn")
    assert TableWriter(tmp_path / "t.npy", ROWS).done == 0


def test_broken_images_are_known_and_large_values_stay_numbers(rows, tmp_path: Path) -> None:
    rows[7], rows[8] = np.nan, 1e30
    write(tmp_path / "t.npy", rows).finish()
    with FeatureTable(tmp_path / "t.npy") as table:
        assert np.flatnonzero(~table.readable()).tolist() == [7]
        assert np.isfinite(table.take(np.array([8]))).all()


def test_a_table_that_ends_early_is_told(rows, tmp_path: Path) -> None:
    write(tmp_path / "t.npy", rows).finish()
    assert is_whole(tmp_path / "t.npy", ROWS)
    assert not is_whole(tmp_path / "t.npy", ROWS - 1)
    with (tmp_path / "t.npy").open("r+b") as file:
        file.truncate(1000)
    assert not is_whole(tmp_path / "t.npy", ROWS)
    assert not is_whole(tmp_path / "other.npy", ROWS)
    with FeatureTable(tmp_path / "t.npy") as table, pytest.raises(ValueError, match="ends early"):
        table.take(np.arange(ROWS))

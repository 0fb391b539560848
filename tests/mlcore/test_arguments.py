"""A number that cannot be meant is told with its limits, before any work and without a traceback."""

import argparse

import pytest

from mlcore.__main__ import main
from mlcore.arguments import decimal, whole


def test_numbers_inside_their_range_are_read():
    assert whole(-1, 8)("-1") == -1 and whole(1)("1000") == 1000
    assert decimal(0, 1)("0.25") == 0.25


@pytest.mark.parametrize(
    ("read", "text", "says"),
    [
        (whole(8, 2048), "0", "0 is out of range: it must be from 8 to 2,048"),
        (whole(1), "0", "0 is out of range: it must be at least 1"),
        (whole(1), "many", "'many' is no whole number"),
        (whole(1), "1.5", "'1.5' is no whole number"),
        (decimal(0, 1), "7", "7 is out of range: it must be from 0 to 1"),
        (decimal(0, 1), "nan", "nan is out of range"),
        (decimal(0), "x", "'x' is no number"),
    ],
)
def test_others_are_refused_with_their_limits(read, text, says):
    with pytest.raises(argparse.ArgumentTypeError, match=says):
        read(text)


@pytest.mark.parametrize(
    "words",
    [
        "prepare photos --out packed --size 0",
        "prepare photos --out packed --conf 7",
        "prepare photos --out packed --margin -3",
        "prepare photos --out packed --duplicates 999",
        "detector crop photos --out cuts --size 0",
        "detector eval photos labels --conf -1",
        "detector train photos labels --out run --epochs 0",
        "detector train photos labels --out run --negatives -2",
        "train coursework-dcgan --threads -4",
        "generate default images --remake -5",
        "generate default images --threads 0",
        "person palms -1",
        "score default photo.png --seed -1",
        "evaluate images --reference photos --seed -1",
        "classifier versus packed --input-size 0",
        "convert old.pt new.safetensors --steps 0",
        "inspect default --columns 0",
        "bench default --count 0",
        # Found only after the whole training, they would cost an evening.
        "coursework --data photos --out work --count 0",
        "coursework --data photos --out work --seed -1",
    ],
)
def test_every_command_refuses_before_it_begins(words, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(words.split())
    assert stopped.value.code == 2
    assert "is out of range" in capsys.readouterr().err

"""Why something cannot be measured: every error of mlcore that reaches a page has words in both languages."""

import re

import pytest
from django.utils import translation

from generation.evaluation import messages, reasons
from generation.jobs.wording import said
from mlcore.errors import CheckpointError, ImageError, MlcoreError
from mlcore.fetching import DownloadError, Refused
from mlcore.metrics.baseline import real_against_real
from mlcore.metrics.choosing import choosing_curve
from mlcore.metrics.errors import MeasureError
from mlcore.metrics.features import checked
from mlcore.models.features import ExtractorError
from mlcore.sources import KeyMissing

NUMBERS = {"n": 3, "least": 10, "n_ref": 4, "bad": 2, "kept": 2}
# Weights are fetched without a key; an image or a measure is never refused by the bare class.
ELSEWHERE = {KeyMissing, DownloadError, ImageError, MeasureError}


def kinds_of(error):
    return [error, *(deeper for kind in error.__subclasses__() for deeper in kinds_of(kind))]


REACHING = [
    kind
    for base in (MeasureError, ExtractorError, CheckpointError, ImageError, DownloadError)
    for kind in kinds_of(base)
    if kind not in ELSEWHERE and kind.__module__.startswith("mlcore.")
]


def raised(kind):
    if issubclass(kind, MeasureError):
        return kind("in English", **NUMBERS)
    return kind("in English", 503) if kind is Refused else kind("in English")


@pytest.mark.parametrize("kind", REACHING)
def test_every_error_is_said_in_the_readers_language(kind):
    message, params = reasons.of(raised(kind), index=7)
    assert message != reasons.OTHERWISE
    english = said(message, params)
    with translation.override("ru"):
        russian = said(message, params)
    assert "in English" not in english + russian and "%(" not in english + russian
    # Only names that are the same in every language stay in Latin letters.
    assert set(re.findall(r"[A-Za-z_]{2,}", russian)) <= {"PALMSITE_INCEPTION"}
    assert re.search("[а-я]", russian)


def test_no_words_are_left_over():
    assert {kind.__name__ for kind in REACHING} >= reasons.WORDS.keys()


def test_what_is_unknown_is_no_english_either():
    with translation.override("ru"):
        assert said(*reasons.of(MlcoreError("All is wrong."))).startswith("Измерить это не получается")


def test_no_sentence_of_the_room_quotes_an_error():
    sentences = [*vars(messages).values(), *reasons.WORDS.values()]
    assert not [text for text in sentences if isinstance(text, str) and "%(reason)s" in text]


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda rows: real_against_real(rows, [0, 0, 1, 1, 2, 2, 3, 3], rows), "нужно больше 5"),
        (lambda rows: checked(rows[:1]), "Изображений 1, а для этой меры нужно не меньше 2"),
        (lambda rows: checked(rows * float("nan")), "Признаки 8 из 8 изображений"),
        (lambda rows: choosing_curve(rows, [float("nan")] * 8, rows), "8 из 8 вероятностей"),
    ],
)
def test_the_numbers_are_those_of_the_measure(ask, words):
    import numpy as np

    rows = np.random.default_rng(0).normal(size=(8, 4))
    with pytest.raises(MeasureError) as refused:
        ask(rows)
    with translation.override("ru"):
        assert words in said(*reasons.of(refused.value))

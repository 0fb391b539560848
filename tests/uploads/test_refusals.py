"""Why an archive is refused: every reason that mlcore knows has words of its own, with its file and its number."""

import pytest
from django.utils import translation

from generation.jobs.wording import said
from generation.uploads import refusals
from mlcore.archive import ArchiveError, BrokenArchive, LinkRefused, MemberTooLarge, TooManyEntries
from mlcore.errors import MlcoreError


def kinds_below(error):
    return [each for kind in error.__subclasses__() for each in (kind, *kinds_below(kind))]


@pytest.mark.torch
def test_every_reason_has_words_and_no_words_are_left_over():
    from mlcore import gathering, preparation
    from mlcore.data import DataError

    # Handlers answer these with a list of what was wrong with each photograph.
    with_a_list = {gathering.NothingKept, preparation.NothingPacked}
    reasons = {*kinds_below(ArchiveError), *kinds_below(DataError)} - with_a_list
    assert {kind.__name__ for kind in reasons} == refusals.WORDS.keys()


@pytest.mark.parametrize("kind", kinds_below(ArchiveError))
def test_words_are_filled_from_the_error(kind):
    message, params = refusals.of_files(kind("in English", file="palms/a.png", limit=5 * 2**20))
    text = said(message, params)
    assert "%(" not in text and "in English" not in text
    assert ("palms/a.png" in text) == ("%(file)s" in message)


def test_numbers_and_files_are_those_of_the_error():
    assert said(*refusals.of_files(TooManyEntries("", limit=50))).startswith("The archive has more than 50 ")
    large = refusals.of_files(MemberTooLarge("", file="a.png", limit=7 * 2**20))
    assert said(*large) == "a.png in the archive is larger than 7 MB. Take it out or shrink it."
    _message, params = refusals.of_files(LinkRefused("", file="deep/" * 100 + "a.png"))
    assert params["file"].endswith("/a.png") and len(params["file"]) == refusals.LONGEST_FILE


def test_a_reason_is_said_in_the_language_of_its_reader():
    with translation.override("ru"):
        assert said(*refusals.of_files(BrokenArchive("damaged"))).startswith("Архив")


def test_what_has_no_words_is_quoted():
    quoted = said(*refusals.of_files(MlcoreError("All is wrong.")))
    assert quoted == "The archive cannot be taken: All is wrong."

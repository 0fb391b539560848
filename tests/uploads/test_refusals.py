"""Why an archive is refused: every reason that mlcore knows has words of its own, with its file and its number."""

import pytest
from django.utils import translation

from generation.jobs.wording import said
from generation.uploads import refusals
from mlcore import gathering, preparation
from mlcore.archive import ArchiveError, BrokenArchive, LinkRefused, MemberTooLarge, TooManyEntries
from mlcore.data import DataError

# Handlers answer these with a list of what was wrong with each photograph.
WITH_A_LIST = {gathering.NothingKept, preparation.NothingPacked}


def kinds_of(error):
    return [error, *(deeper for kind in error.__subclasses__() for deeper in kinds_of(kind))]


REASONS = [*kinds_of(ArchiveError)[1:], *(set(kinds_of(DataError)[1:]) - WITH_A_LIST)]


def test_every_reason_has_words_and_no_words_are_left_over():
    assert {kind.__name__ for kind in REASONS} == refusals.WORDS.keys()


@pytest.mark.parametrize("kind", [*kinds_of(ArchiveError)[1:]])
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
    assert (
        said(*refusals.of_files(DataError("All is wrong."))) == "The archive cannot be taken: All is wrong."
    )

"""Translations are complete, and the check sees every way in which they could not be."""

import subprocess
import sys
from pathlib import Path

import polib
import pytest

from palmsite import translation

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.parametrize("language", translation.PLURALS)
def test_every_string_is_translated(language):
    assert translation.problems(ROOT, language) == []


@pytest.fixture
def source(tmp_path):
    (tmp_path / "palmsite").mkdir()
    (tmp_path / "templates").mkdir()
    (tmp_path / "palmsite" / "words.py").write_text(
        'A = _("One %(n)s word")\n'
        'B = ngettext("%(n)s palm", "%(n)s palms", n)\n'
        'C = pgettext_lazy("of a door", "open")\n'
        'D = translation.gettext("joined " "text")\n'
        "E = other('not for people')\n"
    )
    (tmp_path / "templates" / "page.html").write_text(
        "{% load i18n %}{% translate \"It's 5 % more\" %}{% translate 'quoted' as x %}"
        "{% blocktranslate count n=n trimmed %}\n {{ n }} image\n{% plural %}\n {{ n }} images\n"
        "{% endblocktranslate %}"
        '{% comment %}{% translate "no" %}{% endcomment %}{{ x|default:_("in a filter") }}'
        '{% include "a.html" with label=_("in a tag") %}'
    )
    return tmp_path


def test_collects_from_python_and_templates(source):
    found = {(one.context, one.message, one.plural) for one in translation.collect(source).values()}
    assert found == {
        ("", "One %(n)s word", ""),
        ("", "%(n)s palm", "%(n)s palms"),
        ("of a door", "open", ""),
        ("", "joined text", ""),
        ("", "It's 5 %% more", ""),
        ("", "quoted", ""),
        ("", "%(n)s image", "%(n)s images"),
        ("", "in a filter", ""),
        ("", "in a tag", ""),
    }


def complete(source):
    translation.update(source, "ru")
    path = translation.catalogue_path(source, "ru")
    catalogue = polib.pofile(str(path))
    for entry in catalogue:
        if entry.msgid_plural:
            entry.msgstr_plural = dict.fromkeys(range(3), entry.msgid)
        else:
            entry.msgstr = entry.msgid
    catalogue.save()
    return catalogue


def test_new_strings_are_missing_until_somebody_writes_them(source):
    assert translation.problems(source, "ru")
    translation.update(source, "ru")
    assert len(translation.problems(source, "ru")) == 9
    complete(source)
    assert translation.problems(source, "ru") == []


def test_update_keeps_what_was_written_and_drops_what_vanished(source):
    complete(source)
    (source / "templates" / "page.html").unlink()
    assert translation.update(source, "ru") == (4, 0)
    assert translation.problems(source, "ru") == []


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda entry: setattr(entry, "msgstr", ""), "without translation"),
        (lambda entry: setattr(entry, "msgstr", "Слово"), "placeholders differ"),
        (lambda entry: setattr(entry, "msgstr", "Слово %(m)s"), "placeholders differ"),
        (lambda entry: entry.flags.append("fuzzy"), "fuzzy"),
    ],
)
def test_a_spoilt_entry_is_found(source, spoil, reason):
    catalogue = complete(source)
    spoil(catalogue.find("One %(n)s word"))
    catalogue.save()
    (line,) = translation.problems(source, "ru")
    assert reason in line


def test_a_missing_plural_form_is_found(source):
    catalogue = complete(source)
    catalogue.find("%(n)s palm").msgstr_plural = {0: "%(n)s ладонь", 1: "%(n)s ладони"}
    catalogue.save()
    (line,) = translation.problems(source, "ru")
    assert "2 plural forms instead of 3" in line


def test_a_string_that_is_gone_or_new_is_found(source):
    complete(source)
    (source / "palmsite" / "words.py").write_text('A = _("Quite new")\n')
    lines = translation.problems(source, "ru")
    assert any("not in the catalogue: 'Quite new'" in line for line in lines)
    assert sum("no longer in the source" in line for line in lines) == 4


def test_compiles_once_and_gettext_reads_it(source):
    import gettext

    complete(source)
    (written,) = translation.compile_all(source)
    assert translation.compile_all(source) == []
    with written.open("rb") as file:
        words = gettext.GNUTranslations(file)
    assert words.ngettext("%(n)s palm", "%(n)s palms", 5) == "%(n)s palm"
    assert words.pgettext("of a door", "open") == "open"


def test_two_processes_compile_at_once(source, monkeypatch):
    """The other one finds the words missing too, and ends while this one has them half written."""
    complete(source)
    save = polib.POFile.save_as_mofile
    other = "import sys, pathlib; from palmsite.translation import compile_all; compile_all(pathlib.Path(sys.argv[1]))"

    def save_and_be_overtaken(catalogue, path):
        save(catalogue, path)
        subprocess.run([sys.executable, "-c", other, str(source)], cwd=ROOT, check=True)

    monkeypatch.setattr(polib.POFile, "save_as_mofile", save_and_be_overtaken)
    (written,) = translation.compile_all(source)
    assert [path.name for path in written.parent.iterdir() if "half" in path.name] == []
    assert translation.compile_all(source) == []


def test_our_english_for_djangos_sentences_is_complete():
    source = translation.collect(ROOT)
    for entry in polib.pofile(str(translation.catalogue_path(ROOT, "en"))):
        one = source["", entry.msgid]  # named in palmsite/words.py, so that Russian has it too
        assert one.files == {"palmsite/words.py"}
        assert list(translation._faults(entry, one, 2)) == []

"""Collects the strings that people read, keeps the catalogues of other languages, compiles and checks them.

Takes the place of gettext's programs, which a fresh machine does not have (docs/adr/0040). Knows no request.
"""

import ast
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import polib
from django.utils.translation.template import templatize

SOURCES = ("palmsite", "accounts", "generation", "templates")
PLURALS = {"ru": 3}
PLURAL_RULE = {
    "ru": "nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : "
    "n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);"
}
# Which arguments of a call are context, message and plural.
CALLS: dict[str, tuple[str, ...]] = {
    "_": ("message",),
    "gettext": ("message",),
    "gettext_noop": ("message",),
    "ngettext": ("message", "plural"),
    "pgettext": ("context", "message"),
    "npgettext": ("context", "message", "plural"),
}
LITERAL = r"""\s*,?\s*(u?'(?:[^'\\]|\\.)*'|u?"(?:[^"\\]|\\.)*")"""
TEMPLATE_CALL = re.compile(rf"\b(n?p?gettext|_)\({LITERAL}(?:{LITERAL})?(?:{LITERAL})?", re.DOTALL)
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[sdif]|\{\w*\}")

Key = tuple[str, str]  # context (mostly empty) and message


@dataclass
class Message:
    """One string of the source, and the files that say it."""

    context: str
    message: str
    plural: str = ""
    files: set[str] = field(default_factory=set)

    @property
    def key(self) -> Key:
        """What tells it from others."""
        return self.context, self.message


def collect(root: Path) -> dict[Key, Message]:
    """Find every translatable string of the site below `root`."""
    messages: dict[Key, Message] = {}
    for path in _sources(root):
        text = path.read_text(encoding="utf-8")
        found = _from_python(text) if path.suffix == ".py" else _from_template(text)
        for one in found:
            known = messages.setdefault(one.key, one)
            known.plural = known.plural or one.plural
            known.files.add(path.relative_to(root).as_posix())
    return messages


def _sources(root: Path) -> Iterator[Path]:
    for folder in SOURCES:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in {".py", ".html", ".txt"} and "migrations" not in path.parts:
                yield path


def _from_python(text: str) -> Iterator[Message]:
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", "")).removesuffix("_lazy")
        if name not in CALLS:
            continue
        strings = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
        yield from _message(name, [string for string in strings if isinstance(string, str)])


def _from_template(text: str) -> Iterator[Message]:
    for match in TEMPLATE_CALL.finditer(templatize(text)):
        # templatize doubles every percent sign, as Django does when it looks a template's string up.
        strings = [ast.literal_eval(literal) for literal in match.groups()[1:] if literal]
        yield from _message(match[1], strings)


def _message(call: str, strings: list[str]) -> Iterator[Message]:
    parts = dict(zip(CALLS[call], strings, strict=False))
    if parts.get("message"):
        yield Message(parts.get("context", ""), parts["message"], parts.get("plural", ""))


def catalogue_path(root: Path, language: str) -> Path:
    """Where the catalogue of a language lies."""
    return root / "palmsite" / "locale" / language / "LC_MESSAGES" / "django.po"


def update(root: Path, language: str) -> tuple[int, int]:
    """Bring a catalogue in step with the source; return how many strings it has and how many lack words."""
    path = catalogue_path(root, language)
    old = (
        {(entry.msgctxt or "", entry.msgid): entry for entry in polib.pofile(str(path))}
        if path.exists()
        else {}
    )
    new = polib.POFile(wrapwidth=100)
    new.metadata = {
        "Project-Id-Version": "palmsite",
        "Language": language,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": PLURAL_RULE[language],
    }
    for key, one in sorted(collect(root).items()):
        entry = polib.POEntry(
            msgctxt=one.context or None,
            msgid=one.message,
            msgid_plural=one.plural,
            occurrences=[(name, "") for name in sorted(one.files)],
        )
        known = old.get(key)
        if one.plural:
            kept = known.msgstr_plural if known else {}
            entry.msgstr_plural = {number: kept.get(number, "") for number in range(PLURALS[language])}
        else:
            entry.msgstr = known.msgstr if known else ""
        new.append(entry)
    path.parent.mkdir(parents=True, exist_ok=True)
    new.save(str(path))
    return len(new), len(new.untranslated_entries())


def compile_all(root: Path) -> list[Path]:
    """Compile every catalogue whose compiled form is missing or older; return what was written."""
    written = []
    for source in sorted((root / "palmsite" / "locale").glob("*/LC_MESSAGES/django.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime_ns >= source.stat().st_mtime_ns:
            continue
        # Of this process alone: several may start at once, on a clean clone, and each find the words missing.
        half = target.with_suffix(f".mo.{os.getpid()}.half")
        polib.pofile(str(source)).save_as_mofile(str(half))
        half.replace(target)
        written.append(target)
    return written


def problems(root: Path, language: str) -> list[str]:
    """Say in one line each what is wrong with a catalogue; nothing when it is complete."""
    path = catalogue_path(root, language)
    if not path.exists():
        return [f"{language}: there is no catalogue; run: manage.py translations update"]
    entries = {(entry.msgctxt or "", entry.msgid): entry for entry in polib.pofile(str(path))}
    source = collect(root)
    lines = [
        f"{language}: not in the catalogue: {one.message!r} ({', '.join(sorted(one.files))})"
        for key, one in sorted(source.items())
        if key not in entries
    ]
    for key, entry in sorted(entries.items()):
        if key not in source:
            lines.append(f"{language}: no longer in the source: {entry.msgid!r}")
            continue
        reasons = _faults(entry, source[key], PLURALS[language])
        lines += [f"{language}: {reason}: {entry.msgid!r}" for reason in reasons]
    return lines


def _faults(entry: polib.POEntry, source: Message, plurals: int) -> Iterable[str]:
    if entry.fuzzy:
        yield "marked as unsure (fuzzy)"
    if bool(source.plural) != bool(entry.msgid_plural) or source.plural != (entry.msgid_plural or ""):
        yield "its plural differs from the source"
        return
    forms = [entry.msgstr]
    if source.plural:
        forms = [text for _number, text in sorted(entry.msgstr_plural.items())]
        if len(forms) != plurals:
            yield f"has {len(forms)} plural forms instead of {plurals}"
    if not all(text.strip() for text in forms):
        yield "without translation"
        return
    wanted = sorted(PLACEHOLDER.findall(source.plural or source.message))
    for text in forms:
        if sorted(PLACEHOLDER.findall(text)) != wanted:
            yield f"placeholders differ in {text!r}"

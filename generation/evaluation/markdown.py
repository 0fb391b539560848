"""The certificate as Markdown, for the card of every download: the same sides and numbers as on its page, in English.

It says only what rows say: the same set, measured as often, has the same words.
"""

from collections.abc import Iterator

from django.utils import translation
from django.utils.formats import number_format

from generation.evaluation import cards, extractors, eyes, grades, selectors, sheets, verdict_words, words
from generation.evaluation.models import Evaluation
from generation.sets import networks
from generation.sets.models import ImageSet


def of_set(image_set: ImageSet, count: int) -> str:
    """All that was measured of a set, of which somebody takes `count` images along; blank where nothing was."""
    with translation.override("en"):
        return "\n\n".join(_parts(image_set, count))


def _parts(image_set: ImageSet, count: int) -> Iterator[str]:
    measured = _latest(image_set, Evaluation.Kind.EVALUATE)
    if measured is not None:
        grade = grades.overall(measured.result)
        yield f"**{verdict_words.grade(grade).capitalize()}.** {verdict_words.advice(grades.advised(measured.result))}"
        yield _stands_on(measured, count)
        yield from map(_section, cards.Sheet(measured.result, measured.reference_subject).cards)
    rated = eyes.card_of_set(image_set)
    if rated is not None:
        yield _section(rated)
    fid = _latest(image_set, Evaluation.Kind.FID)
    if fid is not None:
        yield _section(cards.Sheet(fid.result, fid.reference_subject).fid_card)
        yield _stands_on(fid, count)


def _latest(image_set: ImageSet, kind: str) -> Evaluation | None:
    found = selectors.evaluations_of(image_set).filter(kind=kind, state=Evaluation.State.DONE)
    return found.select_related("image_set__checkpoint").first()


def _stands_on(evaluation: Evaluation, count: int) -> str:
    """N, reference, network and weights by hash, seed, day; and what "real palms" in the tables means."""
    result = evaluation.result
    day = evaluation.finished_at.date().isoformat() if evaluation.finished_at else "an unknown day"
    beside = words.real(evaluation.reference_subject)
    text = (
        f"{words.images(result['n'])} against {_number(result['n_ref'])} {beside} of "
        f"{_line(evaluation.reference_name)} (`{result['reference']['sha256'][:12]}`), in "
        f"{networks.title(evaluation.extractor)} (weights `{result['weights_sha256'][:12]}`), "
        f"seed {evaluation.spec.get('seed', 0)}, measured on {day}."
    )
    if result["n"] != count:
        text += f" These files are {_number(count)}: the numbers hold for the set as it was measured."
    elif not selectors.is_as_measured(evaluation.image_set, count, result.get("numbers")):
        text += " The set has other images now: the numbers hold for the set as it was measured."
    model = evaluation.image_set.checkpoint
    seen = sheets.seen_words(extractors.seen(model, evaluation.extractor), evaluation.extractor)
    warning = words.other_subject(evaluation.image_set.subject, evaluation.reference_subject)
    measured = words.measured_with(result, evaluation.reference_subject)
    return " ".join(filter(None, (text, measured, seen, warning)))


def _section(card: cards.Card) -> str:
    """One side: its number with interval and real palms beside it, its sentences, its table."""
    grade = f" ({card.grade_word})" if card.grade != "unknown" else ""
    lines = [f"### {card.title}{grade}", ""]
    if card.number != "–":
        beside = [f"95\N{NO-BREAK SPACE}% interval {card.interval}"] if card.interval else []
        beside += [f"{card.beside} {card.real}"] if card.real not in ("", "–") else []
        unit = f" {card.unit}" if card.unit else ""
        lines += [f"**{card.number}**{unit}{'; ' if beside else ''}{', '.join(beside)}.", ""]
    lines += [sentence for text in card.sentences for sentence in (text, "")]
    if card.rows:
        lines += [
            f"| measure | this set | 95\N{NO-BREAK SPACE}% interval | {card.beside} |",
            "|---|---:|---:|---:|",
        ]
        lines += [f"| {row.title} | {row.value} | {row.interval} | {_real(row)} |" for row in card.rows]
    lines += ["", card.note] if card.note else []
    return "\n".join(lines).rstrip()


def _real(row: cards.Row) -> str:
    return ", ".join(filter(None, (row.real, row.real_span))) or "–"


def _number(value: float) -> str:
    return number_format(value, force_grouping=True)


def _line(text: str) -> str:
    return " ".join(text.split())

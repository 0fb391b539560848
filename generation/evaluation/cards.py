"""The four cards of a measurement: one big number each, its interval, the same for real ones, a sentence.

Reads a result as mlcore gave it; writes no row and knows no request.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import cached_property
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from generation.evaluation import charts, verdict_words, words
from generation.sets import figures

Number = float | None


@dataclass(frozen=True)
class Row:
    """One line of the folded table."""

    title: str
    value: str
    interval: str = ""
    real: str = ""
    real_span: str = ""


@dataclass(frozen=True)
class Card:
    """One side of a set's quality."""

    key: str
    title: str
    number: str
    unit: str
    interval: str
    real: str
    grade: str
    sentences: tuple[str, ...]
    scale: SafeString
    rows: tuple[Row, ...]
    beside: str = ""
    note: str = ""

    @property
    def chip(self) -> str:
        """The kind of chip for its grade."""
        return verdict_words.CHIPS.get(self.grade, "")

    @property
    def grade_word(self) -> str:
        """Its grade in one word."""
        return verdict_words.grade(self.grade)


class Sheet:
    """A result, read for people."""

    def __init__(self, result: Mapping[str, Any], subject: str) -> None:
        """Take a result as mlcore gave it, and what its reference shows."""
        self.result = result
        self.beside = words.real(subject)
        self.baseline: Mapping[str, Any] = result.get("real") or {}
        self.real: Mapping[str, Any] = self.baseline.get("values", {})
        self.intervals: Mapping[str, Any] = result.get("intervals", {})
        self.verdicts: list[Mapping[str, Any]] = list(result.get("verdicts", ()))

    @cached_property
    def cards(self) -> list[Card]:
        """Quality, diversity, privacy, use."""
        return [self._quality(), self._diversity(), self._privacy(), self._use()]

    @property
    def is_few(self) -> bool:
        """Whether there are too few images, or too few real ones, to say anything good."""
        return bool(self.few_sentence)

    @property
    def few_sentence(self) -> str:
        """How many there are and how many it takes."""
        return self._sentence("n") or self._sentence("n_ref")

    @property
    def fid_card(self) -> Card:
        """The one number that is called FID."""
        real = self.real.get("fd")
        value, interval = self.result.get("fid"), self.intervals.get("fid")
        span = words.between(*(words.plain(end, 1) for end in interval)) if interval else ""
        told = self._real_words("fd", lambda number: words.plain(number, 1))
        return Card(
            "fid",
            _("FID"),
            words.plain(value, 1),
            "",
            span,
            told,
            self._grade("fid"),
            self._sentences("fid"),
            charts.scale(
                value,
                interval,
                self._at_same_n("fd"),
                most=max(value or 0, real or 0, 100) * 1.15,
                label=words.labelled(_("FID"), words.plain(value, 1), span, f"{self.beside} {told}"),
                real_word=self.beside,
            ),
            (
                self._row("fd_infinite", (self.result.get("fd_infinite") or {}).get("value"), words.plain),
                self._row("precision", self.result.get("precision"), words.share),
                self._row("recall", self.result.get("recall"), words.share),
            ),
            self.beside,
        )

    def _quality(self) -> Card:
        value, interval = self.result.get("kid"), self.intervals.get("kid")
        real = self.real.get("kid")
        high = interval[1] if interval and interval[1] is not None else value
        infinite = (self.result.get("fd_infinite") or {}).get("value")
        return self._card(
            "quality",
            _("Quality"),
            "kid",
            value,
            interval,
            real,
            words.thousandths,
            _("KID, in thousandths; less is better"),
            most=max(high or 0, (real or 0) * 3, 0.005) * 1.1,
            note=self._below_zero(),
            rows=(
                self._row("fd", self.result.get("fd"), words.plain),
                self._row("fd_infinite", infinite, words.plain),
                self._row("precision", self.result.get("precision"), words.share),
                self._row("density", self.result.get("density"), words.plain),
            ),
        )

    def _diversity(self) -> Card:
        duplicates = self.result.get("duplicates") or {}
        return self._card(
            "diversity",
            _("Diversity"),
            "recall",
            self.result.get("recall"),
            self.intervals.get("recall"),
            self.real.get("recall"),
            words.share,
            verdict_words.unit("recall"),
            also=("vendi",),
            rows=(
                self._row("coverage", self.result.get("coverage"), words.share),
                self._row("vendi", self.result.get("vendi"), words.plain),
                self._row("duplicates", duplicates.get("share"), words.share),
            ),
        )

    def _privacy(self) -> Card:
        found = self.result.get("privacy")
        if not found:
            sentence = words.why_no_privacy((self.result.get("unmeasured") or {}).get("privacy") or {})
            return Card("privacy", _("Privacy"), "–", "", "", "", "unknown", (sentence,), SafeString(""), ())
        return self._card(
            "privacy",
            _("Privacy"),
            "suspicious",
            found["suspicious"],
            self.intervals.get("suspicious"),
            found["expected"],
            words.share,
            _("suspiciously close to a training picture; less is better"),
            verdict="privacy",
            most=max(0.2, (self.intervals.get("suspicious") or [0, 0])[1] * 1.1),
            rows=(
                self._beside("copies", found["copies"], 0, lambda number: words.plain(number, 0)),
                self._beside("ratio", found["ratio"], 1.0, words.plain),
                self._beside("authentic", found["authentic"], found["held_authentic"], words.share),
            ),
        )

    def _use(self) -> Card:
        return self._card(
            "use",
            _("Use"),
            "precision",
            self.result.get("precision"),
            self.intervals.get("precision"),
            self.real.get("precision"),
            words.share,
            verdict_words.unit("precision"),
            also=("duplicates",),
            rows=(self._row("duplicates", (self.result.get("duplicates") or {}).get("share"), words.share),),
        )

    def _card(
        self,
        key: str,
        title: str,
        measure: str,
        value: Number,
        interval: Any,
        real: Number,
        written: Any,
        unit: str,
        *,
        rows: tuple[Row, ...],
        verdict: str = "",
        also: tuple[str, ...] = (),
        most: float = 1.0,
        note: str = "",
    ) -> Card:
        interval = interval if interval and None not in interval else None
        span = words.between(written(interval[0]), written(interval[1])) if interval else ""
        told = self._real_words(measure, written) or written(real)
        mark = self._at_same_n(measure) if measure in self.real else real
        measures = (verdict or measure, *also)
        grades = [self._grade(one) for one in measures]
        sayable = ("bad", "worrying") if self.is_few else ("bad", "worrying", "fine", "good")
        worst = next((grade for grade in sayable if grade in grades), "unknown")
        first = Row(
            words.measure_title(measure), written(value), span, told, self._real_span(measure, written)
        )
        return Card(
            key,
            title,
            written(value),
            unit,
            span,
            told,
            worst,
            self._sentences(*measures) or ((self.few_sentence,) if self.is_few else ()),
            charts.scale(
                value,
                interval,
                mark,
                most=most,
                label=words.labelled(title, written(value), span, f"{self.beside} {told}"),
                real_word=self.beside,
            ),
            (first, *rows),
            self.beside,
            note,
        )

    def _below_zero(self) -> str:
        """A word on KID where the set's, that of real ones or an end of either stands below zero."""
        besides = (self.baseline.get(part) or {} for part in ("values", "lowest", "highest", "set_values"))
        ends = self.intervals.get("kid") or ()
        return figures.below_zero(self.result.get("kid"), *ends, *(values.get("kid") for values in besides))

    def _row(self, measure: str, value: Number, written: Any) -> Row:
        return Row(
            words.measure_title(measure),
            written(value),
            self._span(measure, written),
            self._real_words(measure, written),
            self._real_span(measure, written),
        )

    def _beside(self, measure: str, value: Number, real: Number, written: Any) -> Row:
        """A row whose number for real palms is not measured by drawing them."""
        return Row(words.measure_title(measure), written(value), self._span(measure, written), written(real))

    def _span(self, measure: str, written: Any) -> str:
        interval = self.intervals.get(measure)
        return words.between(written(interval[0]), written(interval[1])) if interval else ""

    def _at_same_n(self, measure: str) -> Number:
        """What real palms get, where that stands beside the set's number: not where fewer of them were measured."""
        is_same = measure not in (self.baseline.get("set_values") or {})
        value: Number = self.real.get(measure)
        return value if is_same else None

    def _real_words(self, measure: str, written: Any) -> str:
        """What real palms get; where fewer of them were measured, with what as few images of the set get."""
        real, own = self.real.get(measure), (self.baseline.get("set_values") or {}).get(measure)
        if real is None:
            return ""
        return (
            written(real)
            if own is None
            else words.at_equal_n(written(real), self.baseline["n"], written(own))
        )

    def _real_span(self, measure: str, written: Any) -> str:
        """The least and the most that draws of real palms got."""
        low, high = (written((self.baseline.get(end) or {}).get(measure)) for end in ("lowest", "highest"))
        return "" if low == high else words.draws(words.between(low, high))

    def _grade(self, measure: str) -> str:
        found = [one["grade"] for one in self.verdicts if one["measure"] == measure]
        return str(found[0]) if found else "unknown"

    def _sentence(self, measure: str) -> str:
        return next((verdict_words.verdict(one) for one in self.verdicts if one["measure"] == measure), "")

    def _sentences(self, *measures: str) -> tuple[str, ...]:
        return tuple(text for text in (self._sentence(one) for one in measures) if text)

    @property
    def curve(self) -> SafeString:
        """What choosing costs: recall over the share that is kept, beside a random draw."""
        points = self.result.get("choosing") or []
        if len(points) < 2:
            return SafeString("")
        return charts.curve(
            [(one["share"], one["recall"]) for one in points],
            [(one["share"], one["random_recall"]) for one in points],
            # Shares of few images have no intervals, nor have measurements of old.
            band=[(one["share"], one["recall_ci"]) for one in points if one.get("recall_ci")],
            label=_("Recall when only the best-scored share is kept, beside a random draw of the same size"),
        )

    @property
    def curve_rows(self) -> list[tuple[tuple[str, str], ...]]:
        """The curve as a table of numbers and their intervals: share, N, KID, precision, recall, and recall of a
        random draw.
        """

        def told(one: Mapping[str, Any], measure: str, written: Any) -> tuple[str, str]:
            interval = one.get(f"{measure}_ci")
            return written(one[measure]), words.between(*map(written, interval)) if interval else ""

        return [
            (
                (words.share(one["share"]), ""),
                (words.plain(one["n"], 0), ""),
                told(one, "kid", words.thousandths),
                told(one, "precision", words.share),
                told(one, "recall", words.share),
                told(one, "random_recall", words.share),
            )
            for one in self.result.get("choosing") or []
        ]

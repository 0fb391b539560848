"""Fields of the pages of sets that take exactly what they say; a refusal names the range."""

import re
from typing import Any

from django import forms
from django.utils.formats import number_format
from django.utils.translation import gettext as _

MOST_TAGS, LONGEST_TAG = 10, 32
MOST_PROBABILITY = 0.99
_DIGITS = re.compile(r"[0-9]{1,20}")
_FRACTION = re.compile(r"[0-9](?:[.,][0-9]{1,6})?")


class WholeNumberField(forms.CharField):
    """Digits and nothing else: no sign, no exponent, no zero in front, no guessing."""

    def __init__(self, *, least: int, most: int, **more: Any) -> None:
        self.least, self.most = least, most
        super().__init__(
            widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}), **more
        )

    def clean(self, value: Any) -> int | None:
        """The number, or a refusal that says what would do."""
        text = str(value or "").strip()
        if not text and not self.required:
            return None
        if text.isascii() and _DIGITS.fullmatch(text):
            if len(text) > 1 and text.startswith("0"):
                raise forms.ValidationError(
                    _("Write the number without a zero in front, from %(least)s to %(most)s.")
                    % self._range(),
                    code="leading_zero",
                )
            if self.least <= int(text) <= self.most:
                return int(text)
        raise forms.ValidationError(
            _("Write a number from %(least)s to %(most)s.") % self._range(), code="out_of_range"
        )

    def _range(self) -> dict[str, str]:
        return {
            "least": number_format(self.least, force_grouping=True),
            "most": number_format(self.most, force_grouping=True),
        }


class ProbabilityField(forms.CharField):
    """A probability with a point or a comma."""

    def __init__(self, **more: Any) -> None:
        super().__init__(
            widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}), **more
        )

    def clean(self, value: Any) -> float:
        """The probability; nothing typed means none is asked for."""
        text = str(value or "").strip()
        if not text:
            return 0.0
        if text.isascii() and _FRACTION.fullmatch(text):
            number = float(text.replace(",", "."))
            if number <= MOST_PROBABILITY:
                return number
        raise forms.ValidationError(
            _("Write a probability from 0 to %(most)s.") % {"most": number_format(MOST_PROBABILITY)},
            code="out_of_range",
        )


class TagsField(forms.CharField):
    """Words with commas between."""

    def clean(self, value: Any) -> list[str]:
        """The tags, each once, in the order they were written."""
        tags = self.parts(super().clean(value))
        if len(tags) > MOST_TAGS or any(len(tag) > LONGEST_TAG for tag in tags):
            raise forms.ValidationError(
                _("Write at most %(most)s tags of at most %(longest)s letters, with commas between.")
                % {"most": MOST_TAGS, "longest": LONGEST_TAG},
                code="tags",
            )
        return tags

    @staticmethod
    def parts(text: str) -> list[str]:
        """The words between the commas."""
        return list(dict.fromkeys(" ".join(tag.split()) for tag in text.split(",") if tag.strip()))

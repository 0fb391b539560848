"""Fields of the API that take exactly what they say: 8 is a number, "8" in JSON, 8.0, true and 08 are not."""

import math
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from django.http import QueryDict
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

_WHOLE = re.compile(r"-?(?:0|[1-9]\d{0,18})")
_DECIMAL = re.compile(r"(?:0|[1-9]\d{0,8})(?:\.\d{1,17})?")


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses fields it does not know: a misspelt one would else be a wish that nobody hears."""

    def to_internal_value(self, data: Any) -> Any:
        """Parse; unknown fields are named together with all other errors."""
        unknown = sorted(set(map(str, data)) - set(self.fields)) if isinstance(data, Mapping) else []
        strangers = {name[:64]: [self._unknown()] for name in unknown if name != "csrfmiddlewaretoken"}
        try:
            found = super().to_internal_value(data)
        except serializers.ValidationError as error:
            raise serializers.ValidationError({**error.detail, **strangers}) from error  # type: ignore[dict-item]
        if strangers:
            raise serializers.ValidationError(strangers)
        return found

    def _unknown(self) -> str:
        return _("There is no such field. Known are: %(names)s.") % {"names": ", ".join(self.fields)}


def _is_form(field: serializers.Field[Any, Any, Any, Any]) -> bool:
    """Whether all values come as text because a form was sent and not JSON."""
    return isinstance(getattr(field.root, "initial_data", None), QueryDict)


@extend_schema_field({"type": "integer"})
class WholeNumber(serializers.Field[int, Any, int, Any]):
    """A whole number from `least` to `most`. `as_text` takes it as a string too: JavaScript has no 63 bits."""

    def __init__(self, *, least: int, most: int, as_text: bool = False, **more: Any) -> None:
        self.least, self.most, self.as_text = least, most, as_text
        super().__init__(**more)

    def validate_empty_values(self, data: Any) -> tuple[bool, Any]:
        """Blank text is nothing, where nothing may be said."""
        return super().validate_empty_values(None if data == "" and self.allow_null else data)

    def to_internal_value(self, data: Any) -> int:
        """Parse."""
        text_fits = self.as_text or _is_form(self)
        if isinstance(data, str) and text_fits and _WHOLE.fullmatch(data):
            data = int(data)
        if type(data) is not int or not self.least <= data <= self.most:
            raise serializers.ValidationError(self._refusal())
        return data

    def to_representation(self, value: int) -> int:
        """As it is."""
        return value

    def _refusal(self) -> str:
        return _("Write a whole number from %(least)s to %(most)s.") % {
            "least": number_format(self.least, force_grouping=True),
            "most": number_format(self.most, force_grouping=True),
        }


@extend_schema_field({"type": "number"})
class Decimal(serializers.Field[float, Any, float, Any]):
    """A number from `least` to `most`, finite."""

    def __init__(self, *, least: float, most: float, **more: Any) -> None:
        self.least, self.most = least, most
        super().__init__(**more)

    def to_internal_value(self, data: Any) -> float:
        """Parse."""
        if isinstance(data, str) and _is_form(self) and _DECIMAL.fullmatch(data):
            data = float(data)
        is_number = isinstance(data, int | float) and not isinstance(data, bool)
        # Compared before it is a float: an integer may be too large for one.
        if not is_number or not self.least <= data <= self.most or not math.isfinite(data):
            raise serializers.ValidationError(
                _("Write a number from %(least)s to %(most)s.") % {"least": self.least, "most": self.most}
            )
        return float(data)

    def to_representation(self, value: float) -> float:
        """As it is."""
        return value


class Text(serializers.CharField):
    """Text as people write it: a string, without control characters and halves of characters."""

    def to_internal_value(self, data: Any) -> str:
        """Parse."""
        if not isinstance(data, str):
            raise serializers.ValidationError(_("Write text."))
        text = super().to_internal_value(data)
        # Cc: control characters other than line ends and tabs; Cs: half of a pair, which no database keeps.
        if any(unicodedata.category(letter) in ("Cc", "Cs") and letter not in "\n\r\t" for letter in text):
            raise serializers.ValidationError(_("This has characters that cannot be written."))
        return text


class Flag(serializers.BooleanField):
    """true or false, not the many words that pass for them."""

    def to_internal_value(self, data: Any) -> bool:
        """Parse."""
        if isinstance(data, bool):
            return data
        if _is_form(self) and data in ("true", "false"):
            return bool(data == "true")
        raise serializers.ValidationError(_("Write true or false."))

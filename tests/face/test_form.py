"""A field shows its label, help and error and keeps what was typed; numbers and dates read well."""

from datetime import datetime

import pytest
from django import forms
from django.template.loader import render_to_string
from django.utils import formats, translation

from palmsite.templatetags import face


class Order(forms.Form):
    count = forms.IntegerField(min_value=1, max_value=10_000, help_text="From 1 to 10,000.")
    name = forms.CharField(required=False)
    agreed = forms.BooleanField()
    hand = forms.ChoiceField(choices=[("left", "Left"), ("right", "Right")], widget=forms.RadioSelect)

    def clean(self):
        raise forms.ValidationError("The sum is wrong.")


def test_error_stands_beside_the_field_and_the_value_stays():
    page = Order({"count": "20000", "name": "<b>mine"}).render()
    assert 'value="20000"' in page
    assert 'id="id_count_error"' in page
    assert "10000" in page
    assert 'aria-invalid="true"' in page
    assert 'id="id_count_helptext"' in page
    assert "&lt;b&gt;mine" in page
    assert "The sum is wrong." in page


def test_every_kind_of_field_has_its_shape():
    page = Order().render()
    assert page.count("field--check") == 1
    assert page.count("<fieldset") == 1
    assert page.count("field__optional") == 1


def test_a_bar_is_drawn_in_plain_numbers_in_every_language():
    with translation.override("ru"):
        page = render_to_string(
            "components/_progress.html", {"done": 1500.5, "total": 10_000, "label": "Набор"}
        )
    assert 'value="1500.5" max="10000"' in page


@pytest.mark.parametrize(
    ("language", "number", "day"),
    [("en", "10,000", "1 Nov 2026, 05:07"), ("ru", "10\xa0000", "1 ноября 2026, 05:07")],
)
def test_numbers_and_dates_as_people_write_them(language, number, day):
    with translation.override(language):
        assert face.grouped(10_000) == number
        assert formats.date_format(datetime(2026, 11, 1, 5, 7), "DATETIME_FORMAT") == day

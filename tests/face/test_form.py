"""A field shows its label, help and error, and keeps what was typed."""

from django import forms


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

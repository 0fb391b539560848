"""Parses what people type on the pages of sets; every refusal names the range and the way out."""

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts.errors import InvalidInput
from accounts.models import User
from accounts.quotas import limits
from generation.sets import catalogue, exports, new_set
from generation.sets.form_fields import ProbabilityField, TagsField, WholeNumberField
from generation.sets.models import Checkpoint, Export
from generation.sets.selection import Selection
from generation.sets.sending import LONGEST
from generation.sets.sharing import LINK_DAYS, MOST_DAYS
from mlcore.spec import LIMITS, GenerationSpec


class NewSetForm(forms.Form):
    """An order. Every field has a default; `More` on the page hides what few people change."""

    use_required_attribute = False
    more_fields = ("seed", "candidates", "min_probability")

    model = forms.ModelChoiceField(
        queryset=Checkpoint.objects.none(),
        to_field_name="name",
        empty_label=None,
        label=gettext_lazy("Model"),
        error_messages={
            "required": gettext_lazy("Choose a model."),
            "invalid_choice": gettext_lazy("This model is no longer offered; choose another."),
        },
    )
    hand = forms.ChoiceField(
        label=gettext_lazy("Hand"),
        required=False,
        choices=[
            ("any", pgettext_lazy("hand", "Either")),
            ("left", pgettext_lazy("hand", "Left")),
            ("right", pgettext_lazy("hand", "Right")),
        ],
        error_messages={"invalid_choice": gettext_lazy("Choose either, left or right.")},
    )
    name = forms.CharField(label=gettext_lazy("Name"), required=False, max_length=120)
    tags = TagsField(
        label=gettext_lazy("Tags"),
        required=False,
        max_length=400,
        help_text=gettext_lazy("With commas between; you find the set by them later."),
    )
    seed = WholeNumberField(
        label=gettext_lazy("Seed"),
        required=False,
        least=LIMITS["seed"][0],
        most=LIMITS["seed"][1],
        help_text=gettext_lazy("The same seed gives the same images. Left empty, one is drawn and shown."),
    )
    candidates = WholeNumberField(
        label=gettext_lazy("Candidates for each image"),
        least=1,
        most=new_set.MOST_CANDIDATES,
        help_text=gettext_lazy(
            "So many are drawn and the most real one is kept. It takes so many times longer."
        ),
    )
    min_probability = ProbabilityField(
        label=gettext_lazy("Least probability"),
        required=False,
        help_text=gettext_lazy("Images that look less real than this are drawn again."),
    )
    preview = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, person: User, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.person = person
        models: Any = self.fields["model"]
        models.queryset = new_set.offered()
        self.fields["count"] = WholeNumberField(
            label=gettext_lazy("How many"), least=1, most=limits(person).images_per_order
        )

    @staticmethod
    def defaults() -> dict[str, Any]:
        """What stands in the fields before anybody has typed."""
        first = new_set.offered().first()
        return {
            "model": first.name if first else "",
            "count": new_set.DEFAULT_COUNT,
            "hand": "any",
            "candidates": 1,
        }

    def spec(self, *, seed: int, count: int | None = None) -> GenerationSpec:
        """What was asked for, as it travels."""
        data = self.cleaned_data
        return GenerationSpec(
            count=count or data["count"],
            seed=seed if data["seed"] is None else data["seed"],
            candidates=data["candidates"],
            min_probability=data["min_probability"],
            hand=data["hand"] or "any",
        )

    @property
    def is_more_open(self) -> bool:
        """Whether a hidden field holds something worth seeing."""
        if any(name in self.errors for name in self.more_fields):
            return True
        return any(str(self[name].value() or "") not in ("", "0", "0.0", "1") for name in self.more_fields)

    def refuse(self, message: str, fields: dict[str, str]) -> None:
        """Show a room's refusal beside the fields it speaks of."""
        for name, reason in (fields or {"count": message}).items():
            self.add_error(name if name in self.fields else None, reason)


class MoreForm(forms.Form):
    """How many more images of the same recipe."""

    use_required_attribute = False

    def __init__(self, person: User, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["count"] = WholeNumberField(
            label=gettext_lazy("How many more"), least=1, most=limits(person).images_per_order, initial="100"
        )


class ShareForm(forms.Form):
    """Whom to show a set."""

    use_required_attribute = False
    user = forms.CharField(label=gettext_lazy("Name of the person"), max_length=150)


class LinkForm(forms.Form):
    """For how long a link leads to a set."""

    use_required_attribute = False
    days = WholeNumberField(label=gettext_lazy("Days"), least=1, most=MOST_DAYS, initial=str(LINK_DAYS))


class ExportForm(forms.Form):
    """A file that a worker makes of a set."""

    use_required_attribute = False
    format = forms.ChoiceField(
        label=gettext_lazy("Format"),
        choices=Export.Format.choices,
        initial=Export.Format.JPEG,
        error_messages={"invalid_choice": gettext_lazy("Choose JPEG, WebP or Parquet.")},
    )
    quality = WholeNumberField(
        label=gettext_lazy("Quality"),
        required=False,
        least=exports.QUALITIES[0],
        most=exports.QUALITIES[1],
        initial=str(exports.QUALITY),
        help_text=gettext_lazy("Of JPEG and WebP; 90 can hardly be told from the PNG."),
    )
    val = WholeNumberField(
        label=gettext_lazy("For validation, in percent"),
        required=False,
        least=0,
        most=round(100 * exports.MOST_VAL),
        initial=str(round(100 * exports.VAL)),
        help_text=gettext_lazy("Parquet: so many images have the split val."),
    )

    def wish(self, chosen: Selection) -> exports.Wish:
        """What was asked for, of the chosen images."""
        data = self.cleaned_data
        quality = exports.QUALITY if data["quality"] is None else data["quality"]
        share = exports.VAL if data["val"] is None else data["val"] / 100
        return exports.Wish(data["format"], quality, share, chosen)


class WebhookForm(forms.Form):
    """An address that is told when an order ends."""

    use_required_attribute = False
    url = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=LONGEST,
        widget=forms.TextInput(
            attrs={"inputmode": "url", "autocomplete": "off", "placeholder": "https://example.org/palms"}
        ),
        error_messages={"required": gettext_lazy("Write the address of your program.")},
    )


def check_model_name(name: str, *, of: Checkpoint | None = None) -> None:
    """The catalogue's refusal of a name, as forms say it."""
    try:
        catalogue.check_name(name, of=of)
    except InvalidInput as error:
        raise forms.ValidationError(error.message, code=error.code) from error


class RenameModelForm(forms.ModelForm):
    """What the administration may change of a model."""

    class Meta:
        model = Checkpoint
        fields: ClassVar = ["name"]

    def clean_name(self) -> str:
        """A name that no other model has."""
        name: str = self.cleaned_data["name"]
        check_model_name(name, of=self.instance)
        return name


class NewModelForm(forms.Form):
    """A model that an administrator adds: a name, and the file as an upload or, without script, whole."""

    use_required_attribute = False
    name = forms.CharField(
        label=gettext_lazy("Name"),
        help_text=gettext_lazy("Letters, digits and hyphens, as palm-256."),
        error_messages={"required": gettext_lazy("Give the model a name.")},
    )
    upload = forms.UUIDField(required=False, widget=forms.HiddenInput)
    file = forms.FileField(required=False)

    def clean_name(self) -> str:
        """A name that no other model has."""
        name: str = self.cleaned_data["name"]
        check_model_name(name)
        return name

    def clean(self) -> dict[str, Any]:
        """One of both has to be there."""
        data: dict[str, Any] = super().clean() or {}
        if not self.errors and not data.get("upload") and not data.get("file"):
            raise forms.ValidationError(gettext_lazy("Choose a file first."), code="no_file")
        return data

"""What people choose on the pages: how to measure a set, and which sets to lay side by side."""

from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.errors import InvalidInput
from accounts.models import User
from generation.evaluation import extractors, policies, selectors, words
from generation.evaluation.models import Evaluation
from generation.sets import selectors as sets
from generation.sets.models import ImageSet

SHOWN_SETS = 60
MOST_WANTED = 50


class _Choosing(forms.Form):
    """Network, reference and seed: what every measurement is made with."""

    extractor = forms.ChoiceField(label=_("Network"), required=False)
    reference = forms.ChoiceField(label=_("Real palms"), required=False)
    seed = forms.IntegerField(
        label=_("Seed of what is drawn at random"),
        required=False,
        min_value=0,
        max_value=policies.MOST_SEED,
        initial=0,
    )

    def __init__(self, user: User, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.user = user
        offered = [(network.name, network.title) for network in extractors.offered()]
        references = [(str(one.pk), f"{one.name} · {one.n}") for one in selectors.references_for(user)]
        self.fields["extractor"].choices = offered  # type: ignore[attr-defined]
        self.fields["reference"].choices = references  # type: ignore[attr-defined]

    def clean_seed(self) -> int:
        """The seed, 0 where none is written."""
        return int(self.cleaned_data.get("seed") or 0)


class EvaluateForm(_Choosing):
    """How to measure a set."""

    kind = forms.ChoiceField(choices=Evaluation.Kind.choices, required=False, widget=forms.HiddenInput)
    matched = forms.BooleanField(
        label=_("Draw as many real palms as the set has images"), required=False, initial=False
    )

    field_order = ("kind", "extractor", "reference", "matched", "seed")

    def clean_kind(self) -> str:
        """Evaluate where nothing is said."""
        return str(self.cleaned_data.get("kind") or Evaluation.Kind.EVALUATE)

    @property
    def wish(self) -> dict[str, Any]:
        """What `services.evaluate` takes; FID brings its own network and reference."""
        wish = dict(self.cleaned_data)
        if wish["kind"] == Evaluation.Kind.FID:
            wish |= {"extractor": "", "reference": ""}
        return wish


class CompareForm(_Choosing):
    """Which sets to compare."""

    sets = forms.ModelMultipleChoiceField(
        ImageSet.objects.none(),
        label=_("Sets"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose from 2 to 6 sets.")},
    )

    field_order = ("sets", "extractor", "reference", "seed")

    def __init__(self, user: User, *args: Any, **more: Any) -> None:
        super().__init__(user, *args, **more)
        visible = sets.visible_sets(user).filter(count__gte=policies.LEAST_IMAGES)
        latest = visible.order_by("-id").values_list("pk", flat=True)[:SHOWN_SETS]
        # Django types the data as a mapping; what a request brings is a QueryDict.
        self.wanted: list[str] = self.data.getlist("sets") if self.is_bound else []  # type: ignore[attr-defined]
        self.fields["sets"].queryset = visible.filter(  # type: ignore[attr-defined]
            pk__in=[*latest, *known_ids(self.wanted), *self.initial.get("sets", ())]
        )
        self.fields["sets"].label_from_instance = _label  # type: ignore[attr-defined]

    def clean_sets(self) -> list[ImageSet]:
        """From two to six of them, in the order in which they were chosen."""
        chosen = sorted(self.cleaned_data["sets"], key=lambda one: self.wanted.index(str(one.pk)))
        try:
            policies.check_can_compare(self.user, chosen)
        except InvalidInput as error:
            raise forms.ValidationError(error.message) from error
        return chosen


def _label(image_set: ImageSet) -> str:
    return f"{image_set.name} · {words.images(image_set.count)}"


def known_ids(wanted: list[str]) -> list[UUID]:
    """Those that can be ids at all; the field itself refuses the others."""
    found = []
    for one in wanted[:MOST_WANTED]:
        try:
            found.append(UUID(one))
        except ValueError:
            continue
    return found

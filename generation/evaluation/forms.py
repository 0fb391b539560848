"""What people choose on the pages: how to measure a set, and which sets to lay side by side."""

from collections import Counter
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.errors import InvalidInput
from accounts.models import User
from generation.evaluation import extractors, limits, panels, policies, selectors, words
from generation.evaluation.models import Evaluation, Reference
from generation.sets import new_set
from generation.sets import selectors as sets
from generation.sets.models import ImageSet

SHOWN_SETS = 60
MOST_WANTED = 50


class _Choosing(forms.Form):
    """Network, reference and seed: what every measurement is made with."""

    extractor = forms.ChoiceField(label=_("Network"), required=False)
    reference = forms.ChoiceField(label=_("Measured against"), required=False)
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
        offered: list[tuple[str, Any]] = [("", _("the one that flatters the model least"))]
        offered += [(network.name, network.title) for network in extractors.offered()]
        self.offered = list(selectors.references_for(user))
        references: list[tuple[str, Any]] = [("", _("held-out palms, or hands for sets of hands"))]
        references += _named(self.offered)
        self.fields["extractor"].choices = offered  # type: ignore[attr-defined]
        self.fields["reference"].choices = references  # type: ignore[attr-defined]

    def clean_seed(self) -> int:
        """The seed, 0 where none is written."""
        return int(self.cleaned_data.get("seed") or 0)

    def refuse(self, error: InvalidInput) -> None:
        """Put a refusal beside the fields that it names."""
        for field, text in error.fields.items():
            self.add_error(field if field in self.fields else None, text)


class EvaluateForm(_Choosing):
    """How to measure a set."""

    kind = forms.ChoiceField(choices=Evaluation.Kind.choices, required=False, widget=forms.HiddenInput)
    matched = forms.BooleanField(
        label=_("Draw as many real ones as the set has images"), required=False, initial=False
    )

    field_order = ("kind", "extractor", "reference", "matched", "seed")

    def clean_kind(self) -> str:
        """Evaluate where nothing is said."""
        return str(self.cleaned_data.get("kind") or Evaluation.Kind.EVALUATE)

    @property
    def wish(self) -> dict[str, Any]:
        """What `services.evaluate` takes; FID brings its own network, whatever is chosen for the other button."""
        wish = dict(self.cleaned_data)
        if wish["kind"] == Evaluation.Kind.FID:
            wish["extractor"] = ""
        return wish


class CompareForm(_Choosing):
    """Which sets to compare, and which real palms."""

    sets = forms.ModelMultipleChoiceField(
        ImageSet.objects.none(),
        label=_("Sets"),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )

    references = forms.MultipleChoiceField(
        label=_("Real ones beside them"), required=False, widget=forms.CheckboxSelectMultiple
    )

    field_order = ("sets", "references", "extractor", "reference", "seed")

    def __init__(self, user: User, *args: Any, **more: Any) -> None:
        super().__init__(user, *args, **more)
        self.fields["references"].choices = _named(self.offered)  # type: ignore[attr-defined]
        if max(Counter(one.subject for one in self.offered).values(), default=0) < 2:
            # The only one of its kind is what all are measured against.
            del self.fields["references"]
        visible = sets.visible_sets(user).filter(count__gte=policies.LEAST_IMAGES)
        latest = visible.order_by("-id").values_list("pk", flat=True)[:SHOWN_SETS]
        # Django types the data as a mapping; what a request brings is a QueryDict.
        self.wanted: list[str] = self.data.getlist("sets") if self.is_bound else []  # type: ignore[attr-defined]
        self.fields["sets"].queryset = visible.filter(  # type: ignore[attr-defined]
            pk__in=[*latest, *known_ids(self.wanted), *self.initial.get("sets", ())]
        )
        self.fields["sets"].label_from_instance = _label  # type: ignore[attr-defined]
        self.is_empty = not visible.exists() and "references" not in self.fields

    def clean_sets(self) -> list[ImageSet]:
        """Those chosen, in that order."""
        return sorted(self.cleaned_data["sets"], key=lambda one: self.wanted.index(str(one.pk)))


class ReferenceForm(forms.Form):
    """Photographs to measure against: an archive by its upload's id, or sent along where no script runs."""

    name = forms.CharField(
        label=_("Name"),
        max_length=policies.LONGEST_NAME,
        required=False,
        help_text=_("Empty: as the file is called."),
    )
    terms = forms.CharField(
        label=_("Terms of the photographs"),
        max_length=200,
        required=False,
        help_text=_("Whose they are and what they may be used for. It stands on the reference's card."),
    )
    subject = forms.ChoiceField(
        label=_("What is measured"),
        choices=[("palm", _("palms, with the roots of the fingers")), ("hand", _("whole hands"))],
        widget=forms.RadioSelect,
        initial="palm",
        required=False,
        help_text=_("Sets of palms are measured against palms, sets of hands against hands."),
    )
    people = forms.ChoiceField(
        label=_("Who is on the photographs"),
        choices=[
            ("unknown", _("not known")),
            ("folders", _("one folder a person")),
            ("table", _("a table people.csv inside, with the columns file and person")),
        ],
        widget=forms.RadioSelect,
        initial="unknown",
        required=False,
        help_text=_(
            "Real ones are measured against real ones of other people. Where nobody is known, files that "
            "follow each other count as one person."
        ),
    )
    already_cut = forms.BooleanField(
        label=_("They are cut and upright already"),
        required=False,
        help_text=_("Otherwise each palm or hand is found, cut out and turned upright, as for training."),
    )
    keep_photos = forms.BooleanField(
        label=_("Keep the cut pictures"),
        required=False,
        help_text=_(
            "Kept pictures can be mixed into ratings and used in the lab. Otherwise all photographs are deleted "
            "as soon as their features are there."
        ),
    )
    folder = forms.ChoiceField(label=_("Or a folder of the server"), required=False)
    for_everybody = forms.BooleanField(
        label=_("For everybody"),
        required=False,
        help_text=_("All people of this site may measure against it, and see what is kept."),
    )
    upload = forms.UUIDField(required=False, widget=forms.HiddenInput)
    file = forms.FileField(required=False)

    def __init__(self, user: User, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        here = limits.folders() if user.is_staff else []
        self.fields["folder"].choices = [("", "–"), *((name, name) for name in here)]  # type: ignore[attr-defined]
        if not user.is_staff:
            del self.fields["folder"], self.fields["for_everybody"]
        elif not here:
            del self.fields["folder"]

    @property
    def wish(self) -> dict[str, Any]:
        """What `adding.add` takes, but for a file that came along."""
        wish = {key: value for key, value in self.cleaned_data.items() if key != "file"}
        wish["subject"], wish["people"] = wish["subject"] or "palm", wish["people"] or "unknown"
        if wish.get("folder"):
            wish["upload"] = None
        return wish


class PanelForm(forms.Form):
    """How many images people shall rate, and whose photographs are hidden among them."""

    count = forms.IntegerField(
        label=_("Images"),
        min_value=policies.LEAST_RATED,
        max_value=policies.MOST_RATED,
        initial=30,
        help_text=_("A third of them are photographs where a reference is mixed in."),
    )
    reference = forms.ChoiceField(label=_("Photographs hidden among them"), required=False)
    seed = forms.IntegerField(
        label=_("Seed of what is drawn at random"), required=False, min_value=0, max_value=policies.MOST_SEED
    )

    def __init__(self, user: User, image_set: ImageSet, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        offered = _named(selectors.references_with_photos(user).filter(subject=image_set.subject))
        self.fields["reference"].choices = [("", _("none")), *offered]  # type: ignore[attr-defined]
        self.has_photos = bool(offered)

    @property
    def wish(self) -> dict[str, Any]:
        """What `panels.begin` takes."""
        return {**self.cleaned_data, "seed": self.cleaned_data["seed"] or 0}


class RatingForm(forms.Form):
    """A word on a picture."""

    item = forms.IntegerField(min_value=0)
    realism = forms.IntegerField(min_value=1, max_value=5)
    tags = forms.MultipleChoiceField(choices=[(tag, tag) for tag in panels.TAGS], required=False)


def _named(references: Iterable[Reference]) -> list[tuple[str, str]]:
    """The references as choices, each with how many of what it holds."""
    return [(str(one.pk), f"{one.name} · {new_set.how_many(one.n, one.subject)}") for one in references]


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

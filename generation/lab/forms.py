"""What the pages of the lab read."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from generation.lab import selectors, sources
from generation.lab.limits import BACKBONES, FIT_DEFAULTS, FIT_RANGES, WEIGHTS_PLACE, available_backbone
from generation.lab.models import LONGEST_NAME, State


class DatasetForm(forms.Form):
    """An uploaded archive, by its id, or sent along where no script runs."""

    id = forms.CharField(
        label=_("Id"),
        required=False,
        max_length=LONGEST_NAME,
        help_text=_("Letters, digits, dots, hyphens. Empty: as the file is called."),
    )
    upload = forms.UUIDField(required=False, widget=forms.HiddenInput)
    file = forms.FileField(required=False)


class ComposeForm(DatasetForm):
    """Synthetic sets as fake; as real an archive of photos, or a reference that keeps its own."""

    sets: Any = forms.ModelMultipleChoiceField(
        queryset=None,
        label=_("Sets, as fake"),
        widget=forms.CheckboxSelectMultiple,
    )

    reference = forms.ChoiceField(
        label=_("Photographs, as real"),
        required=False,
        help_text=_("References whose photographs were kept. An archive can come beside them."),
    )

    def __init__(self, *args: Any, user: User, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["id"].help_text = _("Letters, digits, dots, hyphens. Empty: as the first set is called.")
        self.fields["sets"].queryset = sources.sets_of(user)  # type: ignore[attr-defined]
        kept = [(str(one.pk), f"{one.name} ({one.n})") for one in sources.references_of(user)]
        if kept:
            self.fields["reference"].choices = [  # type: ignore[attr-defined]
                ("", _("only those that I bring")),
                *kept,
            ]
        else:
            del self.fields["reference"]


class FitForm(forms.Form):
    """A wish for a model."""

    id = forms.CharField(label=_("Id"), max_length=LONGEST_NAME, help_text=_("A name of yours, as model1."))
    dataset = forms.ChoiceField(label=_("Data set"))
    backbone = forms.ChoiceField(label=_("Network"))
    input_size = forms.IntegerField(
        label=_("Input size"),
        help_text=_(
            "Pixels a side at which the network looks, 32 to 512. Larger is slower and shows finer where it looked."
        ),
    )
    batch_size = forms.IntegerField(label=_("Batch size"))
    lr = forms.FloatField(label=_("Learning rate"))
    C = forms.FloatField(
        label="C",
        help_text=_(
            "How far the data is trusted: the penalty on the weights is |w|² / (2 C n), for n images. "
            "Larger fits closer, smaller keeps the weights small."
        ),
    )
    num_epochs = forms.IntegerField(label=_("Epochs"))
    seed = forms.IntegerField(label=_("Seed"))

    def __init__(self, *args: Any, user: User, **more: Any) -> None:
        wished = {"backbone": available_backbone(FIT_DEFAULTS["backbone"])}
        more["initial"] = FIT_DEFAULTS | wished | more.get("initial", {})
        super().__init__(*args, **more)
        self.fields["backbone"].choices = [(name, _network(name)) for name in BACKBONES]  # type: ignore[attr-defined]
        self.fields["backbone"].help_text = gettext(
            "It is frozen and turns images into features. ResNet18 is used once the site's administrator has put "
            "torchvision's weights of it into the file %(file)s."
        ) % {"file": WEIGHTS_PLACE}
        ready = selectors.datasets_of(user).filter(state=State.READY)
        self.fields["dataset"].choices = [(one.name, one.name) for one in ready]  # type: ignore[attr-defined]
        for name, (low, high) in FIT_RANGES.items():
            field = self.fields[name]
            field.min_value, field.max_value = low, high  # type: ignore[attr-defined]
            field.widget.attrs |= {"min": low, "max": high}
            if isinstance(field, forms.FloatField):
                field.widget.attrs["step"] = "any"


def _network(name: str) -> str:
    """The network, and what is taken where its weights are missing."""
    taken = available_backbone(name)
    if taken == name:
        return name
    return gettext("%(name)s: its weights are not on this site, %(taken)s is taken") % {
        "name": name,
        "taken": taken,
    }


class PredictForm(forms.Form):
    """How sure the model must be to call an image real; the images come beside it."""

    threshold = forms.FloatField(
        label=_("Real from a probability of"),
        min_value=0,
        max_value=1,
        widget=forms.NumberInput({"step": "0.01"}),
    )

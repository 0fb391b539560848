"""What the API of the lab reads, and the shapes of its answers for the OpenAPI document."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from generation.lab.limits import BACKBONES, FIT_DEFAULTS, limits


class NewDataset(serializers.Serializer[Any]):
    """An archive sent here as `file`, or one uploaded before.

    With `sets` those are fake, and real is the archive, or what a `reference` keeps of its photos, or both.
    """

    id = serializers.CharField(required=False, allow_blank=True, default="")
    upload = serializers.UUIDField(required=False, help_text="A finished upload for `lab-dataset`.")
    file = serializers.FileField(required=False, help_text="The archive itself: zip, tar or tar.gz.")
    sets = serializers.ListField(child=serializers.UUIDField(), required=False, max_length=100)
    reference = serializers.CharField(
        max_length=80,
        required=False,
        allow_blank=True,
        default="",
        help_text="With `sets`: name or id of a reference whose photos were kept.",
    )
    seed = serializers.IntegerField(required=False, default=0, min_value=0, max_value=2**31 - 1)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """A reference has nothing to stand against where no sets are named, whatever else was sent."""
        if attrs["reference"].strip() and "sets" not in attrs:
            raise serializers.ValidationError(
                {"sets": _("A reference stands against synthetic sets. Name them as `sets`.")}
            )
        return attrs


class DatasetAnswer(serializers.Serializer[Any]):
    """A data set."""

    id = serializers.CharField()
    state = serializers.ChoiceField(["waiting", "ready", "failed"])
    code = serializers.CharField()
    message = serializers.CharField()
    images = serializers.IntegerField()
    size = serializers.IntegerField()
    features_size = serializers.IntegerField(
        help_text="Bytes of features kept for the next fit, charged too."
    )
    source = serializers.ChoiceField(["archive", "sets"])  # type: ignore[assignment]
    created_at = serializers.DateTimeField()


class BegunDataset(DatasetAnswer):
    """A data set whose job has begun."""

    job = serializers.UUIDField(allow_null=True)


class SplitNumbers(serializers.Serializer[Any]):
    """Eleven numbers: sizes are width x height in pixels, colours on 0..1 over all pixels."""

    fake_cnt = serializers.IntegerField()
    real_cnt = serializers.IntegerField()
    avg_size = serializers.FloatField()
    min_size = serializers.IntegerField()
    max_size = serializers.IntegerField()
    mean_red = serializers.FloatField()
    mean_green = serializers.FloatField()
    mean_blue = serializers.FloatField()
    std_red = serializers.FloatField()
    std_green = serializers.FloatField()
    std_blue = serializers.FloatField()


class EdaAnswer(serializers.Serializer[Any]):
    """What was found in a data set."""

    train = SplitNumbers()
    test = SplitNumbers()
    corrupt = serializers.JSONField()
    outside = serializers.IntegerField(help_text="Files outside of the tree, not used.")
    formats = serializers.JSONField()
    sizes = serializers.JSONField()
    duplicates = serializers.JSONField(
        help_text="The same file, byte for byte: how many too many in each split, how many in both (`across`). "
        "A picture that was saved again is another file and is not found."
    )


class NewFit(serializers.Serializer[Any]):
    """A wish for a model. Larger C trusts the data more: the penalty is |w|^2 / (2 C n)."""

    id = serializers.CharField(required=False, allow_blank=True, default="")
    dataset = serializers.CharField()
    backbone = serializers.CharField(
        required=False,
        default=FIT_DEFAULTS["backbone"],
        help_text=f"One of {', '.join(BACKBONES)}; the answer says which is used.",
    )
    input_size = serializers.IntegerField(required=False, default=FIT_DEFAULTS["input_size"])
    batch_size = serializers.IntegerField(required=False, default=FIT_DEFAULTS["batch_size"])
    lr = serializers.FloatField(required=False, default=FIT_DEFAULTS["lr"])
    C = serializers.FloatField(required=False, default=FIT_DEFAULTS["C"])
    num_epochs = serializers.IntegerField(required=False, default=FIT_DEFAULTS["num_epochs"])
    seed = serializers.IntegerField(required=False, default=FIT_DEFAULTS["seed"])


class FitAnswer(serializers.Serializer[Any]):
    """A model that is being fitted."""

    id = serializers.CharField()
    type_nn_pretrain = serializers.CharField(help_text="The network that is used.")
    dataset = serializers.CharField()
    job = serializers.UUIDField()
    state = serializers.CharField()
    url = serializers.CharField()


class ModelAnswer(serializers.Serializer[Any]):
    """One model among those of `GET models`."""

    type_nn_pretrain = serializers.CharField()
    end_activation_function = serializers.CharField()
    batch_size = serializers.IntegerField()
    lr = serializers.FloatField()
    C = serializers.FloatField()
    num_epochs = serializers.IntegerField()
    accuracy = serializers.FloatField(allow_null=True)
    roc_auc = serializers.FloatField(allow_null=True)
    confusion = serializers.JSONField(
        help_text="Of the test images, said real from 0.5. Rows: what they are, real before made; columns: what "
        "the model said, real before made. So `confusion[1][0]` is how many made ones were taken for real. "
        "Null before the model is fitted.",
    )
    calibration = serializers.JSONField()
    calibration_error = serializers.FloatField(allow_null=True)
    roc = serializers.JSONField(help_text="Points of the ROC curve: false alarms, hits.")
    history = serializers.JSONField(help_text="The loss as it went: epochs passed, log-loss.")
    input_size = serializers.IntegerField()
    seed = serializers.IntegerField()
    trained = serializers.IntegerField(allow_null=True)
    tested = serializers.IntegerField(allow_null=True)
    in_both = serializers.IntegerField(
        allow_null=True,
        help_text="Files that stand in train and test, byte for byte: with them the model looks better than it is.",
    )
    feature_seconds = serializers.FloatField(
        allow_null=True, help_text="How long features took; nothing where they were kept."
    )
    fit_seconds = serializers.FloatField(allow_null=True)
    dataset = serializers.CharField()
    state = serializers.CharField()
    code = serializers.CharField()
    message = serializers.CharField()
    set = serializers.BooleanField()
    created_at = serializers.DateTimeField()


# An object whose keys are people's own ids has no serializer: said as OpenAPI says it.
MODELS_BY_ID = {"type": "object", "additionalProperties": {"$ref": "#/components/schemas/ModelAnswer"}}


class SetModel(serializers.Serializer[Any]):
    """Which model shall answer."""

    id = serializers.CharField()


class SetAnswer(serializers.Serializer[Any]):
    """Which model answers now."""

    id = serializers.CharField()
    message = serializers.CharField()


class NewPrediction(serializers.Serializer[Any]):
    """One or many images."""

    images = serializers.ListField(
        child=serializers.FileField(),
        required=False,
        help_text=f"At most {limits().predict_images} at once.",
    )
    threshold = serializers.FloatField(required=False, min_value=0, max_value=1)


class _Said(serializers.Serializer[Any]):
    """What is said of an image: both probabilities and the verdict, or why it could not be read."""

    REAL = serializers.FloatField(required=False, min_value=0, max_value=1)
    FAKE = serializers.FloatField(required=False, min_value=0, max_value=1)
    verdict = serializers.ChoiceField(["REAL", "FAKE"], required=False)
    text = serializers.CharField(required=False, help_text="The verdict as a sentence.")
    error = serializers.CharField(required=False, help_text="Why the image could not be read.")


class ResultAnswer(_Said):
    """What the model says of one image."""

    name = serializers.CharField(allow_blank=True)
    code = serializers.CharField(required=False, help_text="Stands beside `error`.")
    image = serializers.CharField(required=False, help_text="Where its picture is.")
    map = serializers.CharField(
        required=False, allow_null=True, help_text="Where the picture is of what the model looked at."
    )


class PredictionAnswer(_Said):
    """The answers, or where they will be. Of a single image its answer also stands at the top."""

    id = serializers.UUIDField()
    model = serializers.CharField()
    threshold = serializers.FloatField()
    state = serializers.ChoiceField(["waiting", "ready", "failed"])
    code = serializers.CharField()
    message = serializers.CharField()
    url = serializers.CharField()
    results = ResultAnswer(many=True)

"""Addresses of the pages of the lab."""

from django.urls import path, register_converter

from generation.lab import views
from generation.lab.models import LABELS, SPLITS


class Split:
    """`train` or `test`."""

    regex = "|".join(SPLITS)

    def to_python(self, value: str) -> str:
        """As it stands."""
        return value

    to_url = to_python


class Label(Split):
    """`real` or `fake`."""

    regex = "|".join(LABELS)


class LiveKind(Split):
    """What can be followed."""

    regex = "data|models"


register_converter(Split, "lab_split")
register_converter(Label, "lab_label")
register_converter(LiveKind, "lab_kind")

app_name = "lab"
urlpatterns = [
    path("", views.home, name="home"),
    path("compose", views.compose, name="compose"),
    path("sample", views.sample_archive, name="sample"),
    path("data", views.look, name="look"),
    path("data/<str:name>", views.dataset, name="dataset"),
    path("data/<str:name>/delete", views.delete_dataset, name="dataset-delete"),
    path("data/<str:name>/<lab_split:split>-<lab_label:label>.png", views.mosaic, name="mosaic"),
    path("fit", views.fit, name="fit"),
    path("models", views.models, name="models"),
    path("models/<str:name>", views.model, name="model"),
    path("models/<str:name>/set", views.set_model, name="model-set"),
    path("models/<str:name>/delete", views.delete_model, name="model-delete"),
    path("predict", views.predict, name="predict"),
    path("predict/<uuid:prediction_id>", views.prediction, name="prediction"),
    path("predict/<uuid:prediction_id>/delete", views.delete_prediction, name="prediction-delete"),
    path("live/<lab_kind:kind>/<str:name>", views.progress, name="live"),
]

"""Addresses of the API of the lab, below /api/v1/."""

from django.urls import path

from generation.lab import api

urlpatterns = [
    path(
        "lab/datasets",
        api.DatasetViewSet.as_view({"get": "list", "post": "create"}),
        name="api-lab-datasets",
    ),
    path(
        "lab/datasets/<str:name>",
        api.DatasetViewSet.as_view({"get": "retrieve", "delete": "destroy"}),
        name="api-lab-dataset",
    ),
    path("lab/eda", api.EdaView.as_view(), name="api-lab-eda"),
    path("lab/fit", api.FitView.as_view(), name="api-lab-fit"),
    path("lab/models", api.ModelsView.as_view(), name="api-lab-models"),
    path("lab/models/<str:name>", api.ModelView.as_view(), name="api-lab-model"),
    path("lab/set", api.SetView.as_view(), name="api-lab-set"),
    path("lab/predict", api.PredictView.as_view(), name="api-lab-predict"),
    path("lab/predict/<uuid:prediction_id>", api.PredictionView.as_view(), name="api-lab-prediction"),
    path(
        "lab/predict/<uuid:prediction_id>/<int:index>/<str:kind>",
        api.PictureView.as_view(),
        name="api-lab-picture",
    ),
]

"""Addresses of the API of quality, below /api/v1/."""

from django.urls import path

from generation.evaluation import api

urlpatterns = [
    path("sets/<uuid:set_id>/evaluations", api.SetEvaluationsView.as_view(), name="api-set-evaluations"),
    path("evaluations/<uuid:evaluation_id>", api.EvaluationView.as_view(), name="api-evaluation"),
    path("comparisons", api.ComparisonsView.as_view(), name="api-comparisons"),
    path("comparisons/<uuid:comparison_id>", api.ComparisonView.as_view(), name="api-comparison"),
    path("references", api.ReferencesView.as_view(), name="api-references"),
]

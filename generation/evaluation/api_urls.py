"""Addresses of the API of quality, below /api/v1/."""

from django.urls import path

from generation.evaluation import api, api_eyes, api_files

urlpatterns = [
    path("sets/<uuid:set_id>/evaluations", api.SetEvaluationsView.as_view(), name="api-set-evaluations"),
    path("evaluations/<uuid:evaluation_id>", api.EvaluationView.as_view(), name="api-evaluation"),
    path("comparisons", api.ComparisonsView.as_view(), name="api-comparisons"),
    path("comparisons/<uuid:comparison_id>", api.ComparisonView.as_view(), name="api-comparison"),
    path("sets/<uuid:set_id>/ratings", api_eyes.SetPanelsView.as_view(), name="api-set-ratings"),
    path("ratings/<uuid:panel_id>", api_eyes.PanelView.as_view(), name="api-rating"),
    path(
        "ratings/<uuid:panel_id>/pictures/<int:item>",
        api_eyes.PictureView.as_view(),
        name="api-rating-picture",
    ),
    path(
        "comparisons/<uuid:comparison_id>/table",
        api_files.ComparisonTableView.as_view(),
        name="api-comparison-table",
    ),
    path(
        "comparisons/<uuid:comparison_id>/picture",
        api_files.ComparisonPictureView.as_view(),
        name="api-comparison-picture",
    ),
    path("fid", api.FidView.as_view(), name="api-fid"),
    path("references", api.ReferencesView.as_view(), name="api-references"),
    path("references/<uuid:reference_id>", api.ReferenceView.as_view(), name="api-reference"),
]

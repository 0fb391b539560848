"""Addresses of the pages of quality and comparison."""

from django.urls import path

from generation.evaluation import views, views_compare

app_name = "evaluation"
urlpatterns = [
    path("sets/<uuid:set_id>/measures", views.quality, name="quality"),
    path("sets/<uuid:set_id>/evaluate", views.evaluate, name="evaluate"),
    path("evaluations/<uuid:evaluation_id>", views.evaluation, name="evaluation"),
    path("evaluations/<uuid:evaluation_id>/card", views.card, name="card"),
    path("evaluations/<uuid:evaluation_id>/certificate", views.certificate, name="certificate"),
    path("compare", views_compare.compare, name="compare"),
    path("comparisons/<uuid:comparison_id>", views_compare.comparison, name="comparison"),
    path("comparisons/<uuid:comparison_id>/body", views_compare.body, name="comparison_body"),
    path("comparisons/<uuid:comparison_id>.csv", views_compare.table, name="comparison_csv"),
    path("references", views.references, name="references"),
]

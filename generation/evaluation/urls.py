"""Addresses of the pages of quality and comparison."""

from django.urls import path

from generation.evaluation import views, views_compare, views_eyes, views_references

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
    path("comparisons/<uuid:comparison_id>.png", views_compare.drawing, name="comparison_png"),
    path("sets/<uuid:set_id>/ratings", views_eyes.begin, name="panel_new"),
    path("ratings/<uuid:panel_id>", views_eyes.rate, name="rate"),
    path("ratings/<uuid:panel_id>/answer", views_eyes.answer, name="rate_answer"),
    path("ratings/<uuid:panel_id>/stop", views_eyes.stop, name="rate_stop"),
    path("ratings/<uuid:panel_id>/delete", views_eyes.delete, name="rate_delete"),
    path("ratings/<uuid:panel_id>/pictures/<int:item>", views_eyes.picture, name="rate_picture"),
    path("references", views_references.references, name="references"),
    path("references/fid", views_references.fid, name="fid"),
    path("references/fid/fetch", views_references.fetch, name="fid_fetch"),
    path("references/new", views_references.new, name="reference_new"),
    path("references/<uuid:reference_id>", views_references.reference, name="reference"),
    path("references/<uuid:reference_id>/body", views_references.body, name="reference_body"),
    path("references/<uuid:reference_id>/measure", views_references.measure, name="reference_measure"),
    path("references/<uuid:reference_id>/delete", views_references.delete, name="reference_delete"),
    path(
        "references/<uuid:reference_id>/photos/<int:number>", views_references.photo, name="reference_photo"
    ),
]

"""Addresses of the pages of quality and comparison."""

from django.urls import path

from generation.evaluation import views

app_name = "evaluation"
urlpatterns = [
    path("sets/<uuid:set_id>/measures", views.quality, name="quality"),
    path("sets/<uuid:set_id>/evaluate", views.evaluate, name="evaluate"),
    path("evaluations/<uuid:evaluation_id>", views.evaluation, name="evaluation"),
    path("evaluations/<uuid:evaluation_id>/card", views.card, name="card"),
    path("evaluations/<uuid:evaluation_id>/certificate", views.certificate, name="certificate"),
    path("references", views.references, name="references"),
]

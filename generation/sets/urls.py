"""Addresses of the pages of sets."""

from django.urls import path

from generation.sets import views

app_name = "sets"
urlpatterns = [
    path("", views.landing, name="landing"),
]

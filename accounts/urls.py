"""Addresses of the accounts room: our pages, then allauth's under the same roof."""

from django.urls import URLPattern, URLResolver, include, path

from accounts import views

_ours = [
    path("", views.profile, name="profile"),
    path("tokens", views.tokens_page, name="tokens"),
    path("tokens/<int:token_id>/revoke", views.revoke_token, name="revoke-token"),
    path("data", views.data, name="data"),
    path("data/download", views.download, name="download"),
    path("delete", views.delete, name="delete"),
    path("deleted", views.deleted, name="deleted"),
    path("waiting", views.waiting, name="waiting"),
    path("applicants", views.applicants, name="applicants"),
    path("applicants/<int:user_id>/let-in", views.let_in, name="let-in"),
    path("applicants/<int:user_id>/turn-away", views.turn_away, name="turn-away"),
]

# allauth names its pages without a namespace, so ours cannot be given one for the whole module.
urlpatterns: list[URLPattern | URLResolver] = [
    path("", include((_ours, "accounts"))),
    path("", include("allauth.account.urls")),
    path("2fa/", include("allauth.mfa.urls")),
]

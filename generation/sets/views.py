"""Pages of the sets room. Thin: parse, call, draw."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render


def landing(request: HttpRequest) -> HttpResponse:
    """Show the first page to a visitor; who is signed in goes on to what they have."""
    if request.user.is_authenticated:
        return redirect("jobs:list")
    return render(request, "landing.html")

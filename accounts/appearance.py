"""How language and theme are remembered in a browser: two cookies that every page reads without a database."""

from django.conf import settings
from django.http import HttpResponseBase

from accounts.models import User

THEME_COOKIE = "palmsite_theme"
THEMES = ("light", "dark")


def remember(response: HttpResponseBase, *, language: str | None = None, theme: str | None = None) -> None:
    """Keep what was chosen in the browser; an empty choice follows browser and system again."""
    for name, value in ((settings.LANGUAGE_COOKIE_NAME, language), (THEME_COOKIE, theme)):
        if value:
            response.set_cookie(
                name,
                value,
                max_age=settings.LANGUAGE_COOKIE_AGE,
                samesite="Lax",
                httponly=True,
                secure=settings.LANGUAGE_COOKIE_SECURE,
            )
        elif value is not None:
            response.delete_cookie(name, samesite="Lax")


def bring(response: HttpResponseBase, user: User) -> None:
    """Carry the choices of an account into a browser where it signs in; none made leaves the browser's own."""
    remember(response, language=user.language or None, theme=user.theme or None)

"""Signing in as people do, and looking at what a page says."""

import pytest
from django.core.cache import cache


@pytest.fixture(autouse=True)
def fresh_counts_of_attempts(settings):
    """The cache in memory: a test counts its own attempts only (test_limits.py uses the shared one)."""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def as_alice(client, alice):
    """A browser in which alice has signed in."""
    client.force_login(alice)
    return client


@pytest.fixture
def sign_in(client):
    """Fill in the sign-in page."""

    def submit(name, password=None, **more):
        return client.post(
            "/account/login/", {"login": name, "password": password or f"{name}-password"}, **more
        )

    return submit


@pytest.fixture
def page():
    """The words of a page."""

    def read(response, status=200):
        text = response.content.decode()
        assert response.status_code == status, text[:2000]
        return text

    return read


@pytest.fixture
def confirm(client):
    """Type the password once more, before how one signs in is changed."""

    def submit(name):
        response = client.post("/account/reauthenticate/?next=/", {"password": f"{name}-password"})
        assert response.status_code == 302

    return submit

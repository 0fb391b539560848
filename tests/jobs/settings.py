"""The site's settings with the test kinds of jobs beside the real rooms, for the kill tests."""

from palmsite.settings import *  # noqa: F403
from palmsite.settings import INSTALLED_APPS as _ROOMS

INSTALLED_APPS = [*_ROOMS, "tests.jobs.kinds"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

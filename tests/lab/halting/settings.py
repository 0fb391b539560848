"""The site's settings with handlers that halt, for the kill tests."""

from tests.jobs.settings import *  # noqa: F403
from tests.jobs.settings import INSTALLED_APPS as _ROOMS

INSTALLED_APPS = [*_ROOMS, "tests.lab.halting"]

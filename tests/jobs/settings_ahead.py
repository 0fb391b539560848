"""The settings of the kill tests on a machine whose clock is a day ahead."""

from tests.jobs.clocks import shift
from tests.jobs.settings import *  # noqa: F403

shift(days=1)

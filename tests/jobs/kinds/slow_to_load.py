"""A handler whose module takes longer to load than a lease, as one that brings torch may on a busy machine."""

import time

from tests.jobs.house import LEASE
from tests.jobs.kinds import handlers

time.sleep(2.5 * LEASE)
run_steps = handlers.run_steps

"""A handler whose module takes longer to load than a lease, as one that brings torch may on a busy machine."""

import time

from django.conf import settings

from tests.jobs.kinds import handlers

time.sleep(2.5 * settings.PALMSITE_LEASE_SECONDS)
run_steps = handlers.run_steps

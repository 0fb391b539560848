"""The campaign of kills, small enough for every day."""

import pytest

from tests.campaigns.kills import Campaign, is_clean
from tests.postgres import find_binaries


@pytest.mark.e2e
@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_few_kills(database):
    if database == "postgresql" and find_binaries() is None:
        pytest.skip("PostgreSQL is not installed")
    result = Campaign(database, kills=5, seed=3).run()
    assert is_clean(result), result

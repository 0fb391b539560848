"""The campaign of kills: small for every day, whole by `make campaign`."""

import pytest

from tests.campaigns.kills import Campaign, is_clean
from tests.databases import on_each_database

pytestmark = pytest.mark.slow


@pytest.mark.e2e
@on_each_database
def test_a_few_kills(database):
    result = Campaign(database, kills=5, seed=3).run()
    assert is_clean(result), result


@pytest.mark.campaign
@pytest.mark.timeout(7200)
@on_each_database
def test_fifty_kills(database):
    result = Campaign(database, kills=50, seed=2).run()
    print(result)
    assert is_clean(result) and result["kills"] == 50, result

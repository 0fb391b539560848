"""The campaign of kills on one order: small for every day, whole by `make campaign`."""

import pytest

from tests.campaigns.order_kills import Campaign, is_clean
from tests.databases import on_each_database

pytestmark = [pytest.mark.slow, pytest.mark.torch, pytest.mark.enable_socket]


@pytest.mark.e2e
@pytest.mark.timeout(900)
@on_each_database
def test_a_few_kills_of_one_order(database):
    result = Campaign(database, kills=3, count=192, seed=3).run()
    assert is_clean(result, 3), result


@pytest.mark.campaign
@pytest.mark.timeout(7200)
@on_each_database
def test_fifty_kills_of_an_order_of_two_thousand(database):
    result = Campaign(database, kills=50, count=2000).run()
    print(result)
    assert is_clean(result, 50), result

"""The campaign of kills: small for every day, whole by `make campaign`."""

import pytest

from tests.campaigns.kills import Campaign, is_clean
from tests.postgres import find_binaries

DATABASES = pytest.mark.parametrize("database", ["sqlite", "postgresql"])
pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _installed(request):
    if "postgresql" in request.node.name and find_binaries() is None:
        pytest.skip("PostgreSQL is not installed")


@pytest.mark.e2e
@DATABASES
def test_a_few_kills(database):
    result = Campaign(database, kills=5, seed=3).run()
    assert is_clean(result), result


@pytest.mark.campaign
@pytest.mark.timeout(7200)
@DATABASES
def test_fifty_kills(database):
    result = Campaign(database, kills=50, seed=2).run()
    print(result)
    assert is_clean(result) and result["kills"] == 50, result

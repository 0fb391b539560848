"""Real tiny sets, measured by the real handler; features are kept in a folder of the test."""

import pytest

from generation.evaluation import services
from tests.sets.conftest import finished as palms  # noqa: F401
from tests.sets.conftest import full_set, order, stand_in, work  # noqa: F401  # fixtures of the room below


@pytest.fixture(autouse=True)
def own_data(settings, tmp_path):
    """Features are cached here."""
    settings.PALMSITE_DATA = tmp_path / "data"
    settings.PALMSITE_INCEPTION = ""


@pytest.fixture
def measured(work, alice):  # noqa: F811
    """A set's finished evaluation."""

    def measure(image_set, **wishes):
        evaluation = services.evaluate(by=alice, image_set=image_set, **wishes)
        work()
        evaluation.refresh_from_db()
        image_set.refresh_from_db()
        return evaluation

    return measure

"""The house and the browser of a run: one each, started when the first test asks."""

from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from tests.e2e.browser import Visitor, launched
from tests.e2e.house import House, temporary

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items):
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.enable_socket)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """Say beside a failure what the site itself said."""
    report = yield
    running = getattr(item, "funcargs", {}).get("house")
    if report.failed and running is not None and running.log_path.is_file():
        report.sections.append(("the site's own words", running.log_path.read_text()[-6000:]))
    return report


@pytest.fixture(scope="session")
def house():
    with temporary() as folder:
        running = House(Path(folder))
        running.start()
        yield running
        running.stop()


@pytest.fixture(scope="session")
def chromium():
    with sync_playwright() as playwright, launched(playwright) as browser:
        yield browser


@pytest.fixture
def visit(house, chromium):
    """Open windows; wishes are width, theme and language."""
    visitors = []

    def open_window(**wishes):
        visitors.append(Visitor(chromium, house.address, **wishes))
        return visitors[-1]

    yield open_window
    for visitor in visitors:
        visitor.leave()

"""A browser that complains: of console errors, refused scripts, failed requests and faults of access."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, Response, expect

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",  # containers give it 64 MB
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]
AXE = (Path(__file__).parent / "vendor" / "axe-core" / "axe-4.14.1.min.js").read_text()
MOVING = ".htmx-request, .htmx-swapping, .htmx-settling, .htmx-added"
WIDTHS = {1280: 860, 390: 844}
NO_FAULTS = ("Failed to load resource", "htmx:sendAbort", "htmx:afterRequest")
# A busy machine is slow, not wrong.
PATIENCE = 60_000
expect.set_options(timeout=PATIENCE)


@contextmanager
def launched(playwright: Playwright) -> Iterator[Browser]:
    """Chromium, as Debian brings it."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        raise FileNotFoundError("Chromium is not installed. On Debian: apt install chromium")
    browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
    yield browser
    browser.close()


class Visitor:
    """One person at one window. Faults gather until `must_be_content` is asked."""

    def __init__(
        self, browser: Browser, address: str, *, width: int = 1280, theme: str = "light", language: str = "en"
    ) -> None:
        self.address = address
        self.faults: list[str] = []
        self.context: BrowserContext = browser.new_context(
            viewport={"width": width, "height": WIDTHS[width]},
            color_scheme=theme,  # type: ignore[arg-type]
            locale={"en": "en-GB", "ru": "ru-RU"}[language],
            reduced_motion="reduce",
        )
        self.context.set_default_timeout(PATIENCE)  # of further tabs too
        self.page: Page = self.context.new_page()
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        self.page.on("response", self._response)

    def _console(self, message: ConsoleMessage) -> None:
        # Failed requests are judged in _response, which knows what was asked for. A request that a later one took
        # the place of, while somebody types, is none.
        if message.type in {"error", "warning"} and not message.text.startswith(NO_FAULTS):
            self.faults.append(f"console: {message.text}")

    def _response(self, response: Response) -> None:
        if response.status >= 400 and response.request.resource_type != "document":
            self.faults.append(f"{response.status} for {response.url}")

    def go(self, path: str) -> int:
        """Open a page of the site and return its status."""
        response = self.page.goto(self.address + path, wait_until="load")
        assert response is not None
        return response.status

    def must_be_content(self) -> None:
        """Fail on what went wrong, on serious faults of access, and on pages wider than the window."""
        where = self.page.url.removeprefix(self.address)
        assert not self.faults, f"{where}: {self.faults}"
        faults = axe(self.page)
        assert not faults, f"{where}: {faults}"
        too_wide = self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert too_wide <= 0, f"{where} is {too_wide} px wider than the window"

    def leave(self) -> None:
        """Close the window."""
        self.context.close()


def axe(page: Page) -> list[str]:
    """The serious and critical findings of axe-core, one line each."""
    # What htmx is just putting in or taking out belongs to no document for a moment, and axe-core breaks on it.
    expect(page.locator(MOVING)).to_have_count(0)
    page.evaluate(AXE)
    # Preloading copies imported style sheets into the page, which the content policy refuses; no rule asked needs it.
    result: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations'], preload: false})")
    return [
        f"{finding['id']}: {finding['help']}: {[node['html'][:160] for node in finding['nodes'][:3]]}"
        for finding in result["violations"]
        if finding["impact"] in {"serious", "critical"}
    ]

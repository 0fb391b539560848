"""python -m tests.e2e.screenshots FOLDER: pictures of every page, in both widths, themes and languages."""

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.e2e import people, sights
from tests.e2e.browser import Visitor, launched
from tests.e2e.house import House, temporary

LOOKS = [
    (1280, "light", "en"),
    (1280, "dark", "en"),
    (1280, "light", "ru"),
    (390, "light", "en"),
    (390, "dark", "ru"),
]


def take(visitor: Visitor, target: Path, look: str, pages: dict[str, str]) -> None:
    """Save one picture of each page."""
    for name, path in pages.items():
        visitor.go(path)
        visitor.page.screenshot(path=target / f"{name}-{look}.png", full_page=True)


def main() -> None:
    """Start a house of its own, visit every page, save the pictures."""
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    with temporary() as folder, sync_playwright() as playwright, launched(playwright) as browser:
        house = House(Path(folder))
        house.start()
        try:
            for width, theme, language in LOOKS:
                look = f"{width}-{theme}-{language}"
                visitor = Visitor(browser, house.address, width=width, theme=theme, language=language)
                take(visitor, target, look, sights.SIGNED_OUT)
                people.log_in(visitor, "admin", people.ADMIN_PASSWORD)
                take(visitor, target, look, sights.SIGNED_IN)
                visitor.leave()
        finally:
            house.stop()


if __name__ == "__main__":
    main()

"""python -m tests.e2e.picture [MODEL]: the README's picture, of a set that the real site has made.

Starts a site of its own, has its default model (or the one that is named) make a set, and looks at the set's page.
"""

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.e2e import people
from tests.e2e.browser import Visitor, launched
from tests.e2e.house import ROOT, House, temporary

TARGET = ROOT / "docs" / "img" / "palmsite.png"
COUNT = 64
SIZE = {"width": 1280, "height": 800}
MADE_WITHIN_MS = 30 * 60_000
ORDER = """
from accounts.models import User
from generation.sets import selectors, services
from generation.sets.models import Checkpoint
from mlcore.spec import GenerationSpec
name = {model!r}
model = Checkpoint.objects.get(name=name) if name else Checkpoint.objects.filter(is_default=True).first()
if model is None:
    raise SystemExit("No model is published: put a generator into mlcore/zoo, or name one.")
admin = User.objects.get(username="admin")
order = services.order_images(
    by=admin, checkpoint=model, spec=GenerationSpec(count={count}, seed=4711, candidates=2), name="Palms"
)
print(order.pk)
"""


def take(visitor: Visitor, order_id: str) -> None:
    """Watch the order until its page leads to the set, and keep what a person sees of it."""
    page = visitor.page
    page.set_viewport_size(SIZE)  # type: ignore[arg-type]
    visitor.go(f"/orders/{order_id}")
    page.wait_for_url("**/sets/*", timeout=MADE_WITHIN_MS)
    page.wait_for_load_state("networkidle")
    page.screenshot(path=TARGET)


def main() -> int:
    """Start, order, look, stop."""
    model = sys.argv[1] if len(sys.argv) > 1 else ""
    with temporary() as folder, sync_playwright() as playwright, launched(playwright) as browser:
        house = House(Path(folder))
        house.start()
        try:
            order = house.manage("shell", "-v0", "-c", ORDER.format(model=model, count=COUNT)).split()[-1]
            visitor = Visitor(browser, house.address)
            people.log_in(visitor, "admin", people.ADMIN_PASSWORD)
            take(visitor, order)
        finally:
            house.stop()
    print(TARGET)
    return 0


if __name__ == "__main__":
    sys.exit(main())

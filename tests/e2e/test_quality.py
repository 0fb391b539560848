"""The story of a set's quality in a real browser with a real worker: a reference, Evaluate, FID, a certificate, a
comparison, and eyes. FID's weights are drawn at random here: what they say means nothing, how they get there does.
"""

import io
import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.e2e import people, site
from tests.e2e.browser import Visitor

LOOKS = [(1280, "light", "en"), (390, "dark", "ru")]
WITHIN = 300_000
COUNT = 24
WORDS = {"en": ("Certificate", "Comparison"), "ru": ("Сертификат", "Сравнение")}


@pytest.fixture(scope="module")
def inception(house):
    """The standard network with weights drawn at random, where a job would have put the fetched ones."""
    # Here, not above: where torch is not installed the other stories still run.
    from generation.evaluation.extractors import WEIGHTS_FILE
    from tests.benchmarks.features_speed import weights

    folder = Path(house.environment["PALMSITE_DATA"]) / "weights"
    folder.mkdir(parents=True, exist_ok=True)
    weights(folder).replace(folder / WEIGHTS_FILE)


@pytest.fixture(params=LOOKS, ids=lambda look: f"{look[0]}-{look[2]}")
def alice(request, house, visit):
    width, theme, language = request.param
    site.quick_model(house)
    name = f"alice-eyes-{width}"
    site.people(house, name)
    visitor = visit(width=width, theme=theme, language=language)
    people.log_in(visitor, name)
    expect(visitor.page.locator("html")).to_have_attribute("lang", language)
    visitor.words = WORDS[language]
    return visitor


@pytest.mark.timeout(1800)
def test_from_photographs_to_a_certificate(alice, inception):
    add_a_reference(alice)
    sets = [make_a_set(alice, seed) for seed in (1, 2)]
    certificate = evaluate(alice, sets[0])
    measure_fid(alice, sets[0])
    certify(alice, certificate)
    compare(alice, sets)
    rate(alice, sets[0])


def add_a_reference(alice: Visitor) -> None:
    """Drop an archive, watch it being read, and see what was refused."""
    from tests.evaluation import photographs

    page = alice.page
    alice.go("/references/new")
    alice.must_be_content()
    page.fill("input[name=name]", "hands")
    page.check("input[name=already_cut]")
    page.check("input[name=keep_photos]")
    files = {**photographs.palms(COUNT), "broken.jpg": b"no picture"}
    page.set_input_files(
        "input[type=file]",
        {"name": "hands.zip", "mimeType": "application/zip", "buffer": photographs.archive(files)},
    )
    page.wait_for_url(re.compile("/references/[0-9a-f-]{36}$"), timeout=WITHIN)
    expect(page.locator("#reference[data-state=ready]:not([hx-get])")).to_be_attached(timeout=WITHIN)
    page.locator("#reference details summary").click()
    expect(page.locator("#reference")).to_contain_text("broken.jpg")
    expect(page.locator("#reference .pictures img")).to_have_count(COUNT)
    alice.must_be_content()
    alice.go("/references")
    alice.must_be_content()


def make_a_set(alice: Visitor, seed: int) -> str:
    """Order a few images and return the set's address."""
    page = alice.page
    alice.go(f"/new?model={site.MODEL}&count={COUNT}&seed={seed}")
    page.locator("#new-set .form__actions button:not([formaction])").click()
    page.wait_for_url("**/sets/*", timeout=WITHIN)
    return page.url.removeprefix(alice.address)


def evaluate(alice: Visitor, set_path: str) -> str:
    """Press Evaluate and see four cards come; the address of the certificate."""
    page = alice.page
    alice.go(f"{set_path}/quality")
    button = page.locator("button[name=kind][value=evaluate]")
    button.click()
    for card in ("quality", "diversity", "privacy", "use"):
        expect(page.locator(f"[data-measure={card}]")).to_be_visible(timeout=WITHIN)
    expect(page.locator("[data-measure=quality] svg[role=img]")).to_be_attached()
    link = page.locator("a[href$='/certificate']")
    expect(link).to_be_visible()
    expect(page.locator("#set-facts")).to_contain_text("KID")
    alice.must_be_content()
    found = link.get_attribute("href")
    assert found
    return found


def measure_fid(alice: Visitor, set_path: str) -> None:
    """Press FID: the worker measures against the reference that was measured with the standard network."""
    page = alice.page
    alice.go(f"{set_path}/quality")
    page.locator("button[name=kind][value=fid]").click()
    card = page.locator("[data-measure=fid]")
    expect(card).to_be_visible(timeout=WITHIN)
    expect(card.locator(".big-number")).to_have_text(re.compile(r"\d"))
    expect(page.locator("#measures")).to_contain_text("hands")
    alice.must_be_content()


def certify(alice: Visitor, address: str) -> None:
    """One sheet with four cards, which prints on one page."""
    page = alice.page
    alice.go(address)
    expect(page).to_have_title(re.compile(alice.words[0]))
    expect(page.locator(".certificate [data-measure]")).to_have_count(4)
    alice.must_be_content()
    if page.viewport_size and page.viewport_size["width"] == 1280:
        printed = page.pdf(format="A4", prefer_css_page_size=True)
        assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1


def compare(alice: Visitor, sets: list[str]) -> None:
    """Two sets and the real palms side by side; the table and the picture of it."""
    page = alice.page
    alice.go("/compare")
    for path in sets:
        page.check(f"input[name=sets][value='{path.rsplit('/', 1)[1]}']")
    page.locator("input[name=references]").last.check()
    alice.must_be_content()
    page.locator("main form .form__actions button").click()
    expect(page.locator("#comparison[data-state=done]")).to_be_attached(timeout=WITHIN)
    expect(page).to_have_title(re.compile(alice.words[1]))
    expect(page.locator(".comparison thead").first.locator("a")).to_have_count(3)
    assert page.locator(".comparison__pictures img").count() == 3 * 8
    alice.must_be_content()
    table = take(page, "a[href$='.csv']").decode()
    assert table.startswith("measure,set,name") and "hands" in table
    with Image.open(io.BytesIO(take(page, "a[href$='.png']"))) as drawing:
        assert drawing.format == "PNG" and drawing.width > 1000


def take(page: Page, link: str) -> bytes:
    """The file that a link saves."""
    address = page.locator(link).first.get_attribute("href")
    answer = page.request.get(page.url.partition("/comparisons")[0] + (address or ""))
    assert answer.status == 200
    return answer.body()


def rate(alice: Visitor, set_path: str) -> None:
    """Rate by keys alone, real palms hidden among the images, and see the card."""
    page = alice.page
    alice.go(f"{set_path}/quality")
    form = page.locator("#eyes form[action$='/ratings']")
    form.locator("input[name=count]").fill("10")
    form.locator("select[name=reference]").select_option(index=1)
    form.locator("button").click()
    page.wait_for_url("**/ratings/*")
    alice.must_be_content()
    for number in range(10):
        expect(page.locator("#rate progress")).to_have_attribute("value", str(number))
        page.keyboard.press("q")
        expect(page.locator("#rate input[value=lines]")).to_be_checked()
        page.keyboard.press(str(1 + number % 5))
    expect(page.locator("#rate form")).to_have_count(0)
    alice.must_be_content()
    for _look in range(60):
        alice.go(f"{set_path}/quality")
        page.wait_for_selector("#eyes")
        if page.locator("[data-measure=eyes]").count():
            break
        page.wait_for_timeout(1000)
    expect(page.locator("[data-measure=eyes]")).to_be_visible()
    alice.must_be_content()

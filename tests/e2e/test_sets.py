"""The story of a set in a real browser with a real worker, from the preview to the same bytes made again."""

import hashlib
import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e import people, site
from tests.e2e.browser import Visitor

LOOKS = [(1280, "en"), (390, "ru")]
COUNT = 200
MADE_WITHIN = 120_000


@pytest.fixture(scope="module")
def model(house):
    site.quick_model(house)


@pytest.fixture(params=LOOKS, ids=lambda look: f"{look[0]}-{look[1]}")
def three(request, house, visit, model):
    """alice, bob and charlie of one look, each logged in at a window of their own."""
    width, language = request.param
    names = [f"{name}{width}" for name in ("alice", "bob", "charlie")]
    site.people(house, *names)
    found = []
    for name in names:
        visitor = visit(width=width, language=language)
        people.log_in(visitor, name)
        expect(visitor.page.locator("html")).to_have_attribute("lang", language)
        visitor.name = name
        found.append(visitor)
    return found


def test_from_the_preview_to_the_same_bytes_again(three, tmp_path):
    alice, bob, charlie = three
    seen = preview(alice)
    watch(alice)
    set_path = alice.page.url.removeprefix(alice.address)
    sort_and_filter(alice)
    select_delete_and_undo(alice)

    alice.go(set_path)
    first = unzipped(alice.page, tmp_path / "first.zip")
    assert [first[f"{number:06d}.png"] for number in range(8)] == seen, "the set begins with the preview"
    share(alice, set_path, bob.name)
    bob_looks(bob, set_path, first, tmp_path)
    charlie_does_not(charlie, alice, set_path)

    make_again(alice, set_path)
    second = unzipped(alice.page, tmp_path / "second.zip")
    pictures = {name for name in first if name.endswith(".png")}
    assert {name: second[name] for name in pictures} == {name: first[name] for name in pictures}


def preview(alice: Visitor) -> list[bytes]:
    """Fill the form, look at eight, and return them."""
    page = alice.page
    alice.go("/new")
    alice.must_be_content()
    page.fill("input[name=count]", str(COUNT))
    page.locator("details.more summary").click()
    page.fill("input[name=seed]", "4711")
    page.fill("input[name=candidates]", "8")
    ask_while_samples_are_on_their_way(page)
    expect(page.locator("#strip .odds")).to_have_count(8, timeout=MADE_WITHIN)
    expect(page.locator("#strip [data-forget]")).to_be_visible()
    alice.must_be_content()
    sources = [picture.get_attribute("src") for picture in page.locator("#strip img").all()]
    return [page.request.get(alice.address + source).body() for source in sources]


def ask_while_samples_are_on_their_way(page: Page) -> None:
    """Choose a model and ask for a preview before the model's samples are here, which must not take its place."""
    held: dict[str, Route] = {}
    page.route("**/new/strip?*", lambda route: held.setdefault("strip", route))
    page.route("**/new/preview", lambda route: held.setdefault("preview", route))
    page.locator("label.model-choice", has=page.locator(f"input[value={site.MODEL}]")).click()
    until(page, lambda: "strip" in held)
    mark_an_answer(page)
    page.locator("button[formaction$='/new/preview']").click()
    until(page, lambda: "preview" in held)
    held["strip"].continue_()
    expect(page.locator("body")).to_have_attribute("data-answered", "1")
    held["preview"].continue_()
    page.unroute_all()


def mark_an_answer(page: Page) -> None:
    """From now on the body tells that a part of the page was answered."""
    page.evaluate(
        "document.addEventListener('htmx:afterRequest', () => { document.body.dataset.answered = '1' })"
    )


def until(page: Page, is_so: Callable[[], bool]) -> None:
    """Let the browser go on until something is so."""
    while not is_so():
        page.wait_for_timeout(50)


def watch(alice: Visitor) -> None:
    """Order, see pictures come, reload, stop another order meanwhile, and be led to the set."""
    page = alice.page
    page.locator("#new-set .form__actions button:not([formaction])").click()
    page.wait_for_url("**/orders/*")
    expect(page.locator("#arrived li").nth(20)).to_be_attached(timeout=MADE_WITHIN)
    watched = page.url
    page.reload()
    assert page.url == watched or "/sets/" in page.url
    stop_another(alice, alice.context.new_page())
    page.wait_for_url("**/sets/*", timeout=MADE_WITHIN)
    expect(page.locator(".facts").first).to_contain_text(str(COUNT))
    alice.must_be_content()


def stop_another(alice: Visitor, page: Page) -> None:
    """In another tab: order many, stop, keep what is made, and find it in the history."""
    page.goto(f"{alice.address}/new?model={site.MODEL}&count=2000&candidates=8")
    page.locator("#new-set .form__actions button:not([formaction])").click()
    page.wait_for_url("**/orders/*")
    open_while_an_answer_is_on_its_way(page)
    page.locator("dialog#stop button[name=keep][value='1']").click()
    expect(page.locator("#order")).to_have_attribute("data-state", "cancelled", timeout=MADE_WITHIN)
    expect(page.locator("form[action$='/resume'] button")).to_be_visible()
    page.goto(f"{alice.address}/history")
    expect(page.locator(".history__row")).to_have_count(2)
    page.close()


def open_while_an_answer_is_on_its_way(page: Page) -> None:
    """Open the dialog between a question for news and its answer, which must not close it again."""
    held: list[Route] = []
    page.route("**/live?*", lambda route: held.append(route))
    until(page, lambda: bool(held))
    page.locator("[data-opens=stop]").click()
    mark_an_answer(page)
    held[0].continue_()
    expect(page.locator("body")).to_have_attribute("data-answered", "1")
    expect(page.locator("dialog#stop")).to_have_attribute("open", "")
    page.unroute("**/live?*")


def odds(page: Page) -> list[float]:
    """The probabilities that stand on the pictures, in their order."""
    return [float(text.replace(",", ".")) for text in page.locator("#gallery .odds").all_inner_texts()]


def sort_and_filter(alice: Visitor) -> None:
    """The most real first; then only the better half of them."""
    page = alice.page
    with page.expect_response(re.compile(r"sort=-score")):
        page.locator("select[name=sort]").select_option("-score")
    expect(page).to_have_url(re.compile("sort=-score"))
    shown = odds(page)
    assert len(set(shown)) > 1
    assert shown == sorted(shown, reverse=True)

    least = shown[len(shown) // 4]
    with page.expect_response(re.compile(r"min=")):
        page.locator("input[name=min]").fill(str(least))
    expect(page).to_have_url(re.compile("min="))
    # What is drawn is rounded, what is compared is not.
    assert min(odds(page)) >= least - 0.005
    count = page.locator(".gallery__count").inner_text()
    part, whole = map(int, re.findall(r"\d+", count))
    assert 0 < part < whole == COUNT
    alice.must_be_content()


def select_delete_and_undo(alice: Visitor) -> None:
    """By click and shift, then the best; delete, and take the deletion back."""
    page = alice.page
    alice.go(page.url.removeprefix(alice.address).partition("?")[0])
    ticks, count = page.locator(".shot__tick"), page.locator("[data-count]")
    page.locator(".shot").first.hover()
    ticks.nth(0).click()
    ticks.nth(4).click(modifiers=["Shift"])
    expect(count).to_contain_text("5")
    page.locator("#selection [data-clear]").click()
    page.fill("[data-best]", "12")
    page.locator("[data-choose=best]").click()
    expect(count).to_contain_text("12")
    alice.must_be_content()
    page.locator("#selection button[value=delete]").click()
    expect(page.locator("[data-toast]").first).to_contain_text("12")
    expect(page.locator(".facts").first).to_contain_text(str(COUNT - 12))
    page.locator("[data-toast-undo] button").first.click()
    expect(page.locator(".facts").first).to_contain_text(str(COUNT))


def unzipped(page: Page, target: Path) -> dict[str, bytes]:
    """Press Download, check every sum that the archive gives, and return its files."""
    with page.expect_download(timeout=MADE_WITHIN) as waiting:
        page.locator(".set-head a[download]").click()
    waiting.value.save_as(target)
    with zipfile.ZipFile(io.BytesIO(target.read_bytes())) as archive:
        assert archive.testzip() is None
        files = {name: archive.read(name) for name in archive.namelist()}
    sums = dict(reversed(line.split("  ", 1)) for line in files["SHA256SUMS"].decode().splitlines())
    assert sums.keys() == files.keys() - {"SHA256SUMS"}
    assert all(hashlib.sha256(files[name]).hexdigest() == told for name, told in sums.items())
    assert sum(name.endswith(".png") for name in files) == COUNT
    return files


def share(alice: Visitor, set_path: str, name: str) -> None:
    """Let a person look."""
    page = alice.page
    alice.go(f"{set_path}/sharing")
    page.fill("input[name=user]", name)
    page.locator("form", has=page.locator("input[name=user]")).locator("button").click()
    expect(page.locator("tbody")).to_contain_text(name)
    alice.must_be_content()


def bob_looks(bob: Visitor, set_path: str, files: dict[str, bytes], folder: Path) -> None:
    """With whom it is shared sees it among what is shared, looks and downloads, and changes nothing."""
    page = bob.page
    bob.go("/history?shared=1")
    page.locator(f"a.history__name[href='{set_path}']").click()
    page.wait_for_url(f"**{set_path}")
    expect(page.locator(".shot").first).to_be_visible()
    own = "[data-opens=details], #selection [value=star], #selection [value=delete]"
    expect(page.locator(own)).to_have_count(0)
    bob.must_be_content()
    assert unzipped(page, folder / "bob.zip") == files
    assert bob.go(f"{set_path}/sharing") == 404


def charlie_does_not(charlie: Visitor, alice: Visitor, set_path: str) -> None:
    """For anybody else there is no such set, no such image, no such file."""
    alice.go(set_path)
    shot = alice.page.locator(".shot").first
    image = shot.locator("a").get_attribute("href").partition("?")[0]
    paths = [
        set_path,
        f"{set_path}/recipe",
        f"{set_path}/downloads",
        image,
        f"{image}/file",
        f"{image}/thumb",
    ]
    paths += [f"/api/v1{set_path}/download?format=zip", f"/api/v1{set_path}", f"/api/v1{image}/file"]
    for path in paths:
        assert alice.page.request.get(alice.address + path).status == 200, path
        assert charlie.page.request.get(charlie.address + path).status == 404, path
    assert charlie.go(set_path) == 404
    charlie.must_be_content()


def make_again(alice: Visitor, set_path: str) -> None:
    """Make it again, and read that the bytes agree."""
    page = alice.page
    alice.go(f"{set_path}/recipe")
    alice.must_be_content()
    page.locator("form[action$='/again'] button").click()
    page.wait_for_url("**/orders/*")
    page.wait_for_url("**/sets/*", timeout=MADE_WITHIN)
    again = page.url.removeprefix(alice.address)
    assert again != set_path
    alice.go(f"{again}/recipe")
    expect(page.locator(".notice--good")).to_contain_text(str(COUNT))
    alice.must_be_content()

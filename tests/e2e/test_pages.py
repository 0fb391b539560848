"""Every page, in both widths, themes and languages: axe-core is content, the console silent.

Contrast hangs on the theme, room on width and words: two looks show all of them, and the longer words on the phone.
"""

import json

import pytest
from playwright.sync_api import expect

from tests.e2e import people, sights, site

FURNISH = "from tests.e2e import furnishing; furnishing.main()"
ERROR_PAGES = """
import json
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory
from palmsite import error_pages
asked = RequestFactory().get("/somewhere")
asked.user = AnonymousUser()
print(json.dumps({{n: error_pages.render(asked, n, code="a_code").content.decode() for n in {statuses}}}))
"""
HTML = "text/html; charset=utf-8"

LOOKS = [(1280, "light", "en"), (390, "dark", "ru")]
looks = pytest.mark.parametrize(("width", "theme", "language"), LOOKS, ids=lambda value: str(value))


@looks
@pytest.mark.parametrize("path", sights.SIGNED_OUT.values(), ids=sights.SIGNED_OUT)
def test_page_for_everybody(visit, path, width, theme, language):
    visitor = visit(width=width, theme=theme, language=language)
    assert visitor.go(path) == (404 if path == sights.SIGNED_OUT["not-found"] else 200)
    expect(visitor.page.locator("h1")).to_have_count(1)
    visitor.must_be_content()


@looks
def test_pages_of_a_person(visit, width, theme, language, house):
    visitor = visit(width=width, theme=theme, language=language)
    people.log_in(visitor, "admin", people.ADMIN_PASSWORD)
    people.confirm(visitor, people.ADMIN_PASSWORD)
    for path in sights.SIGNED_IN.values():
        assert visitor.go(path) == 200, path
        expect(visitor.page.locator("h1")).to_have_count(1)
        visitor.must_be_content()


@pytest.fixture(scope="module")
def things(house):
    """Addresses of the pages of things, by name."""
    site.quick_model(house)
    return json.loads(house.manage("shell", "-v0", "-c", FURNISH).splitlines()[-1])


@looks
def test_pages_of_things(visit, width, theme, language, things):
    visitor = visit(width=width, theme=theme, language=language)
    people.log_in(visitor, "admin", people.ADMIN_PASSWORD)
    for name, path in things.items():
        assert visitor.go(path) == 200, name
        visitor.must_be_content()


@looks
def test_open_menus_are_content_too(visit, width, theme, language):
    visitor = visit(width=width, theme=theme, language=language)
    people.log_in(visitor, "admin", people.ADMIN_PASSWORD)
    for menu in visitor.page.locator("details.menu:visible").all():
        menu.locator("summary").click()
        visitor.must_be_content()
        visitor.page.keyboard.press("Escape")
        expect(menu).not_to_have_attribute("open", "")


@pytest.fixture(scope="module")
def error_pages(house):
    """What the site answers when something is wrong, by status: not every wrong can be done to a running house."""
    return json.loads(house.manage("shell", "-v0", "-c", ERROR_PAGES.format(statuses=sights.ERRORS)))


def test_pages_that_are_seldom_seen(visit, error_pages):
    visitor = visit(theme="dark")  # in light their parts are looked at on other pages
    page = visitor.page
    page.route(
        "**/wrong/*", lambda route: route.fulfill(body=error_pages[route.request.url[-3:]], content_type=HTML)
    )
    for status in sights.ERRORS:
        visitor.go(f"/wrong/{status}")
        expect(page.locator("h1")).to_have_count(1)
        visitor.must_be_content()
    people.log_in(visitor, "admin", people.ADMIN_PASSWORD)
    for path in sights.SELDOM_SEEN.values():
        assert visitor.go(path) == 200, path
        visitor.must_be_content()
    visitor.go(sights.SELDOM_SEEN["admin-people"])
    page.locator("#result_list tbody th a").first.click()
    page.wait_for_url("**/change/")
    visitor.must_be_content()


def test_the_description_of_the_api(visit):
    visitor = visit(theme="dark")  # it is long, and its sheet stays light
    visitor.go("/api/v1/docs")
    for method in ("get", "post", "patch", "delete"):
        visitor.page.locator(f".opblock-{method} .opblock-summary-control").first.click()
    expect(visitor.page.locator(".opblock-body .microlight").first).to_be_visible()
    visitor.must_be_content()


def test_the_administration_speaks_both_languages(visit):
    visitor = visit()
    page = visitor.page
    people.log_in(visitor, "admin", people.ADMIN_PASSWORD)
    visitor.go("/admin/jobs/job/")
    page.locator("#language button[value=ru]").click()
    expect(page.locator("html")).to_have_attribute("lang", "ru")
    assert page.url.endswith("/admin/jobs/job/")
    page.locator("#language button[value=en]").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_theme_and_language_stay(visit):
    visitor = visit()
    page = visitor.page
    visitor.go("/")
    page.locator("[data-menu=theme] summary").click()
    with page.expect_response("**/appearance"):
        page.locator("button[name=theme][value=dark]").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.locator("[data-menu=language] summary").click()
    page.locator("button[name=language][value=ru]").click()
    expect(page.locator("html")).to_have_attribute("lang", "ru")
    page.reload()
    expect(page.locator("html")).to_have_attribute("lang", "ru")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    visitor.must_be_content()


def test_keyboard_begins_with_the_way_to_the_content(visit):
    visitor = visit()
    visitor.go("/")
    visitor.page.keyboard.press("Tab")
    expect(visitor.page.locator(".skip")).to_be_focused()
    visitor.page.keyboard.press("Enter")
    expect(visitor.page.locator("#main")).to_be_focused()


def test_what_was_typed_comes_back_after_an_error(visit):
    visitor = visit()
    page = visitor.page
    visitor.go("/account/signup/")
    page.fill("input[name=username]", "charlie")
    page.fill("input[name=password1]", "not to be kept")
    visitor.context.clear_cookies()  # the form is now too old to be taken
    page.locator("main form button:not([type=button])").last.click()
    expect(page.locator("[data-error-page]")).to_be_visible()
    page.locator("[data-back]").click()
    expect(page.locator("input[name=username]")).to_have_value("charlie")
    assert page.evaluate("sessionStorage.getItem('draft') || ''").find("not to be kept") == -1


def test_what_was_typed_comes_back_after_signing_in_again(visit, house):
    site.people(house, "forgetful", "follower")
    visitor = visit()
    page = visitor.page
    people.log_in(visitor, "forgetful")

    def type_when_the_session_has_ended(name):
        visitor.go("/account/")
        page.fill("input[name=first_name]", name)
        visitor.context.clear_cookies(name="sessionid")
        page.locator("main form", has=page.locator("input[name=first_name]")).locator("button").click()
        expect(page.locator("input[name=password]")).to_be_visible()

    type_when_the_session_has_ended("Typed Once")
    page.fill("input[name=login]", "forgetful")
    page.fill("input[name=password]", "not the password")
    page.locator("main form button").first.click()
    expect(page.locator("main [aria-invalid=true], main .errorlist, main [role=alert]").first).to_be_visible()
    page.fill("input[name=password]", people.PASSWORD)
    page.locator("main form button").first.click()
    page.wait_for_url("**/account/")
    expect(page.locator("input[name=first_name]")).to_have_value("Typed Once")

    type_when_the_session_has_ended("Not for Others")
    people.log_in(visitor, "follower")
    visitor.go("/account/")
    expect(page.locator("input[name=first_name]")).to_have_value("")

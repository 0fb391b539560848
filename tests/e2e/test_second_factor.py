"""A second factor from the picture to the recovery code that opens the account, and off again."""

import pytest
from playwright.sync_api import expect

from tests.accounts.second_factor import code_of_now
from tests.e2e import people, site

LOOKS = [(1280, "dark", "en"), (390, "light", "ru")]


@pytest.mark.parametrize(("width", "theme", "language"), LOOKS, ids=lambda value: str(value))
def test_turned_on_used_and_turned_off(house, visit, width, theme, language):
    name = f"alice-locked-{width}"
    site.people(house, name)
    visitor = visit(width=width, theme=theme, language=language)
    people.log_in(visitor, name)
    people.confirm(visitor)
    page = visitor.page

    visitor.go("/account/2fa/totp/activate/")
    visitor.must_be_content()
    secret = page.locator("#totp-secret").inner_text().strip()
    page.fill("input[name=code]", code_of_now(secret))
    page.locator("main form button.button--primary").click()
    page.wait_for_url("**/2fa/recovery-codes/")
    visitor.must_be_content()
    codes = page.locator("#recovery-codes").inner_text().split()
    assert len(codes) >= 8
    for path in ("/account/2fa/", "/account/2fa/recovery-codes/generate/", "/account/2fa/totp/deactivate/"):
        assert visitor.go(path) == 200
        visitor.must_be_content()

    visitor.context.clear_cookies()
    visitor.go("/account/login/")
    page.fill("input[name=login]", name)
    page.fill("input[name=password]", people.PASSWORD)
    page.locator("main form button:not([type=button])").first.click()
    page.wait_for_url("**/2fa/authenticate/**")
    visitor.must_be_content()
    expect(page.locator("[data-menu=account]")).to_have_count(0)
    page.fill("input[name=code]", codes[0])
    page.locator("main form button.button--primary").click()
    expect(page.locator("[data-menu=account]")).to_be_attached()

    people.confirm(visitor)
    visitor.go("/account/2fa/totp/deactivate/")
    page.locator("main form button.button--danger").click()
    page.wait_for_url("**/account/2fa/")
    expect(page.locator("main a[href$='/totp/activate/']")).to_be_visible()
    visitor.must_be_content()

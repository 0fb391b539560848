"""What people do at this site, in the words of its forms and not of any language."""

from playwright.sync_api import expect

from tests.e2e.browser import Visitor
from tests.e2e.house import ADMIN_PASSWORD

PASSWORD = "seven-quiet-palms-11"


def sign_up(visitor: Visitor, name: str) -> None:
    """Ask for an account."""
    page = visitor.page
    visitor.go("/account/signup/")
    page.fill("input[name=username]", name)
    page.fill("input[name=email]", f"{name}@example.org")
    page.fill("input[name=password1]", PASSWORD)
    if page.locator("input[name=password2]").count():
        page.fill("input[name=password2]", PASSWORD)
    visitor.must_be_content()
    page.locator("main form button:not([type=button])").last.click()
    page.wait_for_load_state()


def log_in(visitor: Visitor, name: str, password: str = PASSWORD) -> None:
    """Log in by the form."""
    page = visitor.page
    visitor.go("/account/login/")
    page.fill("input[name=login]", name)
    page.fill("input[name=password]", password)
    page.locator("main form button:not([type=button])").first.click()
    expect(page.locator("[data-menu=account]")).to_be_attached()


def confirm(visitor: Visitor, password: str = PASSWORD) -> None:
    """Give the password again, as pages ask for that change how one signs in."""
    page = visitor.page
    visitor.go("/account/reauthenticate/?next=/account/")
    visitor.must_be_content()
    page.fill("input[name=password]", password)
    page.locator("main form button.button--primary").first.click()
    page.wait_for_url("**/account/")


def let_in(admin: Visitor, name: str) -> None:
    """Let a person in, from the page of those who wait."""
    page = admin.page
    log_in(admin, "admin", ADMIN_PASSWORD)
    admin.go("/account/applicants")
    admin.must_be_content()
    row = page.locator("main li, main tr, main article").filter(has_text=name)
    row.locator("form[action$='/let-in'] button").first.click()
    expect(page.locator("[data-toast]").first).to_contain_text(name)


def make_token(visitor: Visitor, name: str) -> str:
    """Make an API token and return its secret, which is shown once."""
    page = visitor.page
    visitor.go("/account/tokens")
    page.fill("input[name=name]", name)
    page.locator("main form", has=page.locator("input[name=name]")).locator("button").first.click()
    secret = page.locator(".secret code, .secret input").first
    expect(secret).to_be_visible()
    return (
        secret.input_value()
        if secret.evaluate("node => node.tagName") == "INPUT"
        else secret.inner_text().strip()
    )

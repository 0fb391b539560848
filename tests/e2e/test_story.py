"""A person signs up, is let in, logs in, makes a token and watches a first job run to its end."""

import json
import re
import urllib.request

import pytest
from playwright.sync_api import expect

from tests.e2e import people

WORDS = {
    "en": {
        "waiting": re.compile("administrator|let in", re.IGNORECASE),
        "done": "done",
        "draw": "Draw a palm",
    },
    "ru": {
        "waiting": re.compile("администратор|доступ", re.IGNORECASE),
        "done": "готово",
        "draw": "Нарисовать ладонь",
    },
}


@pytest.mark.parametrize(("language", "name"), [("en", "alice"), ("ru", "bob")])
def test_from_the_door_to_the_first_drawing(house, visit, language, name):
    person = visit(language=language)
    person.go("/")
    expect(person.page.locator("html")).to_have_attribute("lang", language)
    person.must_be_content()

    people.sign_up(person, name)
    expect(person.page.locator("main")).to_contain_text(WORDS[language]["waiting"])
    person.must_be_content()

    people.let_in(visit(), name)
    people.log_in(person, name)
    person.must_be_content()

    secret = people.make_token(person, "laptop")
    person.must_be_content()
    assert who_asks(house.address, secret) == 200
    person.go("/account/tokens")
    assert secret not in person.page.content()

    watch_a_drawing(person, WORDS[language])


def who_asks(address, secret):
    request = urllib.request.Request(f"{address}/api/v1/jobs", headers={"Authorization": f"Token {secret}"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert "results" in json.load(answer)
        return answer.status


def watch_a_drawing(person, words):
    page = person.page
    person.go("/jobs/")
    page.get_by_role("button", name=words["draw"]).click()
    job = page.locator("#job")
    bar = job.locator("progress").first
    seen = set()
    for _look in range(300):
        seen.add(bar.get_attribute("value"))
        if job.get_attribute("data-state") not in {"queued", "running"}:
            break
        page.wait_for_timeout(200)
    expect(job).to_have_attribute("data-state", "done")
    assert len(seen) >= 3, f"the bar did not move live: {seen}"
    expect(job).to_contain_text(words["done"])
    assert page.locator("#job img").evaluate("image => image.complete && image.naturalWidth") > 0
    person.must_be_content()

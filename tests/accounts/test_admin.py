"""The administration: people with their use, whom to let in, and a log that nobody edits."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.core import mail
from django.urls import reverse

from accounts import audit, ledger, personal_data, tokens
from accounts.models import ApiToken, AuditEvent, User
from tests.accounts.second_factor import turn_on

PEOPLE = "/admin/accounts/user/"


@pytest.fixture
def as_operator(client, operator):
    client.force_login(operator)
    return client


@pytest.fixture
def dora(make_user):
    return make_user("dora", approval="waiting", is_active=False)


def test_its_door_is_the_sites_own_with_limits_and_second_factor(client, operator):
    turn_on(operator)
    response = client.get("/admin/", follow=True)
    assert response.redirect_chain[-1][0].startswith("/account/login/")
    posted = client.post("/admin/login/", {"username": "operator", "password": "operator-password"})
    assert posted.status_code == 302 and "_auth_user_id" not in client.session


def test_ordinary_people_have_no_business_here(as_alice):
    assert as_alice.get("/admin/").status_code in (302, 403)
    assert as_alice.get(PEOPLE, follow=True).status_code == 403


@pytest.fixture
def said(operator):
    """What the log says of the operator's deeds: action, target and fields."""

    def read():
        events = AuditEvent.objects.filter(by=operator).exclude(action="sign_in").order_by("pk")
        return [(event.action, event.target, event.detail.get("fields")) for event in events]

    return read


def test_people_are_found_and_shown_with_their_use(
    as_operator, alice, bob, page, django_assert_max_num_queries
):
    ledger.charge(user=alice, kind="images", count=1234, size=3 * 2**20)
    with django_assert_max_num_queries(12):
        text = page(as_operator.get(PEOPLE, {"q": "ALICE@exam"}))
    assert "1,234 of 50,000" in text and "3.0\xa0MB of 10.0\xa0GB" in text
    assert "bob@example.org" not in text
    assert page(as_operator.get(PEOPLE, {"o": "6.-7"}))
    assert "waiting" in page(as_operator.get(PEOPLE, {"approval__exact": "waiting"}))


def test_a_person_shows_use_and_takes_own_limits(as_operator, alice, page, said):
    ledger.charge(user=alice, kind="images", count=2, size=2048)
    text = page(as_operator.get(f"{PEOPLE}{alice.pk}/change/"))
    assert "quota_stored_images" in text and "2.0\xa0KB" in text
    form = {
        "username": "alice", "email": "alice@example.org", "is_active": "on", "approval": "approved",
        "quota_stored_images": "7", "is_staff": "on", "date_joined_0": "2024-01-01", "date_joined_1": "00:00:00",
        "ledger-TOTAL_FORMS": "0", "ledger-INITIAL_FORMS": "0",
    }  # fmt: skip
    response = as_operator.post(f"{PEOPLE}{alice.pk}/change/", form)
    assert response.status_code == 302, response.context["adminform"].errors
    alice.refresh_from_db()
    assert alice.quota_stored_images == 7 and alice.is_staff
    [(action, target, fields)] = said()
    assert (action, target) == ("account.change", audit.target_of(alice))
    assert {"quota_stored_images", "is_staff"} <= set(fields)


def test_a_person_is_made_here(as_operator, page, said):
    page(as_operator.get(f"{PEOPLE}add/"))
    new = {
        "username": "dora", "usable_password": "true",
        "password1": "three-blue-doors", "password2": "three-blue-doors",
    }  # fmt: skip
    assert as_operator.post(f"{PEOPLE}add/", new).status_code == 302
    dora = User.objects.get(username="dora")
    assert dora.is_active
    assert said() == [("account.create", audit.target_of(dora), None)]


def test_a_password_is_set_here(as_operator, alice, page, said):
    where = f"{PEOPLE}{alice.pk}/password/"
    page(as_operator.get(where))
    new = {"usable_password": "true", "password1": "three-blue-doors", "password2": "three-green-doors"}
    assert as_operator.post(where, {**new, "set-password": "1"}).status_code == 200
    assert said() == []
    new["password2"] = new["password1"]
    assert as_operator.post(where, {**new, "set-password": "1"}).status_code == 302
    alice.refresh_from_db()
    assert alice.check_password("three-blue-doors")
    assert said() == [("password.set", audit.target_of(alice), None)]
    assert as_operator.get(f"{PEOPLE}999999/password/").status_code == 404


def test_what_groups_may_do_is_given_here(as_operator, page, said):
    right = Permission.objects.get(codename="change_user")
    wish = {"name": "caretakers", "permissions": [right.pk]}
    assert as_operator.post("/admin/auth/group/add/", wish).status_code == 302
    group = Group.objects.get()
    page(as_operator.get(f"/admin/auth/group/{group.pk}/change/"))
    as_operator.post(f"/admin/auth/group/{group.pk}/change/", {"name": "caretakers"})
    chosen = {"action": "delete_selected", "_selected_action": [group.pk], "post": "yes"}
    as_operator.post("/admin/auth/group/", chosen)
    target = f"group:{group.pk}"
    assert said() == [
        ("group.create", target, ["name", "permissions"]),
        ("group.change", target, ["permissions"]),
        ("group.delete", target, None),
    ]


def test_letting_in_and_turning_away_by_selection(
    as_operator, alice, dora, page, django_capture_on_commit_callbacks
):
    chosen = {"_selected_action": [alice.pk, dora.pk]}
    response = as_operator.post(PEOPLE, {"action": "turn_people_away", **chosen}, follow=True)
    assert "1 person turned away." in page(response)
    dora.refresh_from_db()
    assert dora.approval == "denied"
    with django_capture_on_commit_callbacks(execute=True):
        response = as_operator.post(PEOPLE, {"action": "let_people_in", **chosen}, follow=True)
    assert "1 person let in." in page(response)
    dora.refresh_from_db()
    assert dora.is_active
    assert [letter.to for letter in mail.outbox] == [["dora@example.org"]]


@pytest.mark.parametrize("how", ["one", "selection"])
def test_deleting_a_person_erases_what_the_rooms_hold(as_operator, alice, monkeypatch, page, how):
    erased = []
    monkeypatch.setattr(personal_data, "erase", lambda user: erased.append(user.username))
    tokens.create(by=alice, name="ci")
    if how == "one":
        page(as_operator.get(f"{PEOPLE}{alice.pk}/delete/"))
        as_operator.post(f"{PEOPLE}{alice.pk}/delete/", {"post": "yes"})
    else:
        as_operator.post(PEOPLE, {"action": "delete_selected", "_selected_action": [alice.pk], "post": "yes"})
    assert erased == ["alice"]
    assert not User.objects.filter(username="alice").exists()


def test_the_only_administrator_is_not_deleted(as_operator, operator, page):
    response = as_operator.post(f"{PEOPLE}{operator.pk}/delete/", {"post": "yes"}, follow=True)
    assert "only administrator" in page(response)
    assert User.objects.filter(pk=operator.pk).exists()


def test_tokens_are_seen_and_revoked_but_never_made(as_operator, alice, page, said):
    token, key = tokens.create(by=alice, name="night run")
    text = page(as_operator.get("/admin/accounts/apitoken/"))
    assert "night run" in text and key not in text and token.digest not in text
    assert as_operator.get("/admin/accounts/apitoken/add/").status_code == 403
    assert token.digest not in page(as_operator.get(f"/admin/accounts/apitoken/{token.pk}/change/"))
    as_operator.post(f"/admin/accounts/apitoken/{token.pk}/delete/", {"post": "yes"})
    assert not ApiToken.objects.exists()
    more = [tokens.create(by=alice, name=name)[0].pk for name in "ab"]
    chosen = {"action": "delete_selected", "_selected_action": more, "post": "yes"}
    as_operator.post("/admin/accounts/apitoken/", chosen)
    assert not ApiToken.objects.exists()
    assert {event[:2] for event in said()} == {("token.revoke", f"token:{pk}") for pk in (token.pk, *more)}


def test_the_log_is_searched_and_never_edited(as_operator, alice, page, django_assert_max_num_queries):
    event = audit.record(by=alice, action="set.share", target="set:7", detail={"with": 3})
    audit.record(by=alice, action="sign_out")
    url = "/admin/accounts/auditevent/"
    with django_assert_max_num_queries(14):
        text = page(as_operator.get(url, {"q": "alice set:7"}))
    assert "set:7" in text
    page(as_operator.get(f"{url}{event.pk}/change/"))
    assert as_operator.get(f"{url}add/").status_code == 403
    assert as_operator.post(f"{url}{event.pk}/change/", {"action": "x"}).status_code == 403
    assert as_operator.post(f"{url}{event.pk}/delete/", {"post": "yes"}).status_code == 403
    event.refresh_from_db()
    assert event.action == "set.share"
    assert not admin.site.get_model_admin(AuditEvent).has_delete_permission(None)


def test_the_list_of_those_who_wait_is_for_administrators(as_operator, dora, page):
    assert "dora@example.org" in page(as_operator.get(reverse("accounts:applicants")))


@pytest.fixture
def caretaker(make_user):
    """Somebody who looks after people, and not after the site."""
    person = make_user("caretaker", is_staff=True)
    rights = Permission.objects.filter(content_type__app_label="accounts", content_type__model="user")
    person.user_permissions.set(rights)
    return person


def test_who_looks_after_people_gets_no_further_rights(client, caretaker, operator, make_user, page):
    client.force_login(caretaker)
    colleague = make_user("colleague", is_staff=True)
    assert "operator" not in page(client.get(PEOPLE))
    for other in (operator, colleague, caretaker):
        for way in ("change/", "password/", "delete/"):
            answer = client.get(f"{PEOPLE}{other.pk}/{way}", follow=True)
            assert f"{PEOPLE}{other.pk}/" not in answer.request["PATH_INFO"] or answer.status_code == 404, way
    chosen = {"action": "delete_selected", "_selected_action": [operator.pk, colleague.pk], "post": "yes"}
    client.post(PEOPLE, chosen)
    assert User.objects.filter(pk__in=[operator.pk, colleague.pk]).count() == 2


def test_who_looks_after_people_gives_no_rights(client, caretaker, alice, page):
    client.force_login(caretaker)
    form = {
        "username": "alice", "email": "alice@example.org", "is_active": "on", "approval": "approved",
        "is_staff": "on", "is_superuser": "on", "user_permissions": [Permission.objects.first().pk],
        "first_name": "A.", "date_joined_0": "2024-01-01", "date_joined_1": "00:00:00",
        "ledger-TOTAL_FORMS": "0", "ledger-INITIAL_FORMS": "0",
    }  # fmt: skip
    assert client.post(f"{PEOPLE}{alice.pk}/change/", form).status_code == 302
    alice.refresh_from_db()
    assert alice.first_name == "A.", "what is theirs to change they change"
    assert not alice.is_staff and not alice.is_superuser and not alice.user_permissions.exists()

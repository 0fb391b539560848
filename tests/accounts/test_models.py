import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from accounts.models import ApiToken, AuditEvent, User


@pytest.mark.parametrize("other", [{"username": "ALICE"}, {"username": "bob", "email": "Alice@Example.org"}])
def test_names_and_addresses_are_taken_in_any_case(alice, other):
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create_user(**other)
    with pytest.raises(ValidationError):
        User(**other, password="x").full_clean()


def test_any_number_of_people_have_no_address(db):
    User.objects.create_user("alice")
    User.objects.create_user("bob")
    assert User.objects.filter(email="").count() == 2


@pytest.mark.parametrize("approval", ["waiting", "denied"])
def test_who_is_not_let_in_cannot_be_active(db, approval):
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create_user("alice", approval=approval)
    User.objects.create_user("alice", approval=approval, is_active=False)


def test_people_are_greeted_by_the_name_they_gave(alice):
    assert alice.display_name == "alice"
    alice.first_name = "Alice"
    assert alice.display_name == "Alice"


def test_the_log_is_written_once(alice):
    event = AuditEvent.objects.create(by=alice, action="sign_in")
    event.action = "nothing"
    for change in (
        event.save,
        event.delete,
        AuditEvent.objects.all().delete,
        lambda: AuditEvent.objects.update(action="x"),
    ):
        with pytest.raises(TypeError, match="written once"):
            change()
    event.refresh_from_db()
    assert event.action == "sign_in"


def test_words_for_lists(alice):
    assert str(ApiToken(name="ci", hint="palm_abcd")) == "ci (palm_abcd…)"
    assert str(AuditEvent(action="sign_in", target="user:1")) == "sign_in user:1"
    assert str(alice.ledger.model(user=alice, kind="images", count=2, size=9)) == f"{alice.pk} images: 2, 9 B"

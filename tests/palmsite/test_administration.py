"""The administration: by hand are made only things that hands may make; the rest is to look at."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.urls import reverse

from accounts.models import ApiToken, AuditEvent, User
from generation.evaluation.models import Bank, Comparison, Evaluation, Panel, Reference
from generation.sets.models import Checkpoint
from tests.palmsite import belongings_of_alice
from tests.sets.rows import full_set, model  # noqa: F401  # fixtures

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

# People and groups are made here; a model begins with its upload, on a page of its own.
MADE_BY_HAND = {User, Group, Checkpoint}
# What hands may remove beside these: a token is revoked, an added reference goes with its files.
REMOVED_BY_HAND = MADE_BY_HAND | {ApiToken, Reference}


@pytest.fixture
def as_operator(client, operator):
    client.force_login(operator)
    return client


def address(table, name, *parts):
    return reverse(f"admin:{table._meta.app_label}_{table._meta.model_name}_{name}", args=parts)


def test_what_services_make_has_no_add_button(as_operator):
    offered = {
        table for table in admin.site._registry if as_operator.get(address(table, "add")).status_code != 403
    }
    assert offered == MADE_BY_HAND
    index = as_operator.get("/admin/").content.decode()
    assert index.count('class="addlink"') == len(MADE_BY_HAND)


def test_it_can_be_looked_at_and_not_changed(as_operator, alice, model, full_set):  # noqa: F811
    belongings_of_alice.gather(alice, model, full_set(alice, 3, checkpoint=model))
    looked_at = 0
    for table in admin.site._registry.keys() - REMOVED_BY_HAND:
        for row in table.objects.all()[:1]:
            looked_at += 1
            answer = as_operator.get(address(table, "change", row.pk))
            text = answer.content.decode()
            assert answer.status_code == 200, table
            assert 'name="_save"' not in text and "deletelink" not in text, table
            assert as_operator.post(address(table, "delete", row.pk), {"post": "yes"}).status_code == 403
    assert looked_at >= 8
    assert all(table.objects.exists() for table in (Evaluation, Comparison, Panel, AuditEvent))


def test_a_reference_takes_no_features_by_hand(as_operator, alice):
    reference = Reference.objects.create(owner=alice, name="mine", content="c" * 64, request={"file": "a"})
    Bank.objects.create(
        reference=reference, extractor="lite0", weights_sha256="w", source="upload", file="f", size=1
    )
    text = as_operator.get(address(Reference, "change", reference.pk)).content.decode()
    assert (
        "lite0" in text and 'name="banks-0-file"' not in text and 'name="banks-__prefix__-file"' not in text
    )


def test_a_person_with_all_of_these_can_still_be_deleted(as_operator, alice, model, full_set):  # noqa: F811
    belongings_of_alice.gather(alice, model, full_set(alice, 3, checkpoint=model))
    as_operator.post(address(User, "delete", alice.pk), {"post": "yes"}, follow=True)
    assert not User.objects.filter(pk=alice.pk).exists()

import pytest

from accounts import policies
from accounts.errors import Conflict, NotFound, OverQuota
from accounts.quotas import limits


def test_the_sites_limits_hold_where_a_person_has_none_of_their_own(alice, settings):
    settings.PALMSITE_QUOTAS = {**settings.PALMSITE_QUOTAS, "orders_at_once": 7}
    alice.quota_images_per_order = 0
    found = limits(alice)
    assert found.orders_at_once == 7
    assert found.images_per_order == 0, "nothing at all is a limit too"


def test_the_limit_of_an_order_is_told(alice):
    alice.quota_images_per_order = 1500
    policies.check_images_per_order(alice, 1500)
    with pytest.raises(OverQuota, match=r"at most 1,500 images, and this asks for 1,501") as refusal:
        policies.check_images_per_order(alice, 1501)
    assert refusal.value.fields == {"count": "At most 1,500."}


def test_the_limit_of_orders_at_once_is_told(alice):
    alice.quota_orders_at_once = 1
    policies.check_orders_at_once(alice, 0)
    with pytest.raises(OverQuota, match="You have 1 order in the works and may have 1 at once"):
        policies.check_orders_at_once(alice, 1)


def test_only_who_may_change_people_lets_them_in(alice, operator):
    assert policies.can_let_in(operator)
    assert not policies.can_let_in(alice)
    with pytest.raises(NotFound):
        policies.check_can_let_in(alice)


def test_the_last_administrator_stays(alice, operator, django_user_model):
    policies.check_can_delete_account(alice)
    with pytest.raises(Conflict, match="only administrator"):
        policies.check_can_delete_account(operator)
    django_user_model.objects.create_superuser("second")
    policies.check_can_delete_account(operator)

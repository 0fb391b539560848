import pytest

from accounts import policies
from accounts.errors import Conflict, NotFound
from accounts.quotas import limits


def test_the_sites_limits_hold_where_a_person_has_none_of_their_own(alice, settings):
    settings.PALMSITE_QUOTAS = {**settings.PALMSITE_QUOTAS, "orders_at_once": 7}
    alice.quota_images_per_order = 0
    found = limits(alice)
    assert found.orders_at_once == 7
    assert found.images_per_order == 0, "nothing at all is a limit too"


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

import threading

import pytest
from django.db import connection
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from accounts import ledger
from accounts.errors import OverQuota
from accounts.models import LedgerEntry, User

GIB = 2**30


def rows(user):
    return {row.kind: (row.count, row.size) for row in LedgerEntry.objects.filter(user=user)}


def test_a_charge_is_written_for_the_kind_and_for_everything(alice):
    ledger.charge(user=alice, kind="images", count=3, size=300)
    ledger.charge(user=alice, kind="uploads", count=1, size=50)
    assert rows(alice) == {"images": (3, 300), "uploads": (1, 50), "total": (4, 350)}


def test_use_is_told_with_its_limits(alice, settings):
    ledger.charge(user=alice, kind="images", count=3, size=300)
    usage = ledger.usage(alice)
    assert set(usage) == {"images", "uploads", "exports", "datasets", "references", "bytes"}
    assert usage["images"] == ledger.Use(3, settings.PALMSITE_QUOTAS["stored_images"], 300)
    assert usage["images"].left == settings.PALMSITE_QUOTAS["stored_images"] - 3
    assert usage["bytes"] == ledger.Use(300, settings.PALMSITE_QUOTAS["stored_bytes"], 300)
    assert usage["uploads"] == ledger.Use(0, None, 0)
    assert usage["uploads"].left is None


def test_the_last_image_fits_and_one_more_is_refused_with_numbers_and_a_way_out(alice):
    alice.quota_stored_images = 1200
    ledger.charge(user=alice, kind="images", count=1200, size=1)
    with pytest.raises(OverQuota) as refusal:
        ledger.charge(user=alice, kind="images", count=1, size=1)
    message = str(refusal.value)
    assert "1,200 of 1,200" in message
    assert "Delete" in message and "administrator" in message
    assert refusal.value.code == "over_quota_images"
    assert refusal.value.status == 409
    assert rows(alice) == {"images": (1200, 1), "total": (1200, 1)}


def test_bytes_of_all_kinds_count_together(alice):
    alice.quota_stored_bytes = GIB
    ledger.charge(user=alice, kind="datasets", count=1, size=GIB - 10)
    ledger.charge(user=alice, kind="uploads", count=1, size=10)
    with pytest.raises(OverQuota, match=r"1\.0\xa0GB of 1\.0\xa0GB") as refusal:
        ledger.charge(user=alice, kind="exports", size=1)
    assert refusal.value.code == "over_quota_bytes"
    # What takes no room is still allowed.
    ledger.charge(user=alice, kind="exports", count=1)


def test_a_limit_that_was_lowered_below_the_use_refuses_more_and_keeps_what_is(alice):
    ledger.charge(user=alice, kind="images", count=10, size=10)
    alice.quota_stored_images = 5
    with pytest.raises(OverQuota):
        ledger.charge(user=alice, kind="images", count=1)
    assert ledger.usage(alice)["images"].left == 0


def test_one_persons_use_is_nobody_elses(alice, bob):
    ledger.charge(user=alice, kind="images", count=5, size=5)
    assert ledger.usage(bob)["images"].used == 0


def test_what_is_given_back_can_be_used_again(alice):
    alice.quota_stored_images = 5
    ledger.charge(user=alice, kind="images", count=5, size=50)
    ledger.refund(user=alice, kind="images", count=2, size=20)
    ledger.charge(user=alice, kind="images", count=2, size=7)
    assert rows(alice) == {"images": (5, 37), "total": (5, 37)}


def test_giving_back_more_than_was_charged_is_logged_and_never_negative(alice, caplog):
    ledger.charge(user=alice, kind="images", count=1, size=10)
    ledger.charge(user=alice, kind="uploads", count=1, size=10)
    ledger.refund(user=alice, kind="images", count=5, size=15)
    assert rows(alice) == {"images": (0, 0), "uploads": (1, 10), "total": (1, 10)}
    assert "more than was charged" in caplog.text


@pytest.mark.parametrize("book", [ledger.charge, ledger.refund])
@pytest.mark.parametrize("wrong", [{"kind": "cats"}, {"kind": "total"}, {"kind": "images", "count": -1}])
def test_mistakes_of_programs_are_no_charges(alice, book, wrong):
    with pytest.raises(ValueError, match=r"is not one of|never negative"):
        book(user=alice, **wrong)
    assert rows(alice) == {}


@pytest.mark.slow
@pytest.mark.django_db
@hypothesis_settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.tuples(st.booleans(), st.sampled_from(ledger.KINDS), st.integers(0, 8), st.integers(0, 60)),
        max_size=12,
    )
)
def test_everything_is_always_the_sum_and_never_over_a_limit(steps):
    user = User.objects.create(username=f"person-{User.objects.count()}")
    user.quota_stored_images, user.quota_stored_bytes = 12, 100
    for is_charge, kind, count, size in steps:
        try:
            (ledger.charge if is_charge else ledger.refund)(user=user, kind=kind, count=count, size=size)
        except OverQuota:
            continue
    found = rows(user)
    total = found.pop("total", (0, 0))
    assert total == (sum(count for count, _ in found.values()), sum(size for _, size in found.values()))
    assert total[1] <= 100
    assert found.get("images", (0, 0))[0] <= 12


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_threads_never_pass_a_limit_together(make_user):
    """Sixteen want what is there for ten. Two kinds cross, to provoke deadlocks."""
    alice = make_user("alice", quota_stored_images=10, quota_stored_bytes=1000)
    outcomes, errors, gate = [], [], threading.Barrier(16)

    def want(kind):
        try:
            gate.wait(timeout=30)
            for _ in range(4):
                try:
                    ledger.charge(user=alice, kind=kind, count=1, size=50)
                    outcomes.append(kind)
                except OverQuota:
                    outcomes.append(None)
        except Exception as error:  # noqa: BLE001  # shown by the assertion below
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=want, args=[kind]) for kind in ("images", "uploads") * 8]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert errors == [], errors
    assert len(outcomes) == 64
    taken = [kind for kind in outcomes if kind]
    assert len(taken) == 20, "exactly what fits"
    counts = {kind: taken.count(kind) for kind in ("images", "uploads")}
    assert counts["images"] <= 10
    assert rows(alice) == {kind: (n, 50 * n) for kind, n in {**counts, "total": 20}.items()}

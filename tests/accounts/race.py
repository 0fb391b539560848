"""Sixteen threads want what is there for ten. Two kinds cross, to provoke deadlocks.

As a program (python -m tests.accounts.race) it makes itself a database first.
"""

import threading

OFFERED, SIZE, ROOM = 64, 50, 1000


def run(alice):
    """Let the threads at it and see that the book is right."""
    from django.db import connections

    from accounts import ledger
    from accounts.errors import OverQuota
    from accounts.models import LedgerEntry

    outcomes, errors, gate = [], [], threading.Barrier(16)

    def want(kind):
        try:
            gate.wait(timeout=30)
            for _ in range(OFFERED // 16):
                try:
                    ledger.charge(user=alice, kind=kind, count=1, size=SIZE)
                    outcomes.append(kind)
                except OverQuota:
                    outcomes.append(None)
        except Exception as error:  # noqa: BLE001  # shown by the assertion below
            errors.append(error)
        finally:
            connections.close_all()

    threads = [
        threading.Thread(target=want, args=[("images", "uploads")[number % 2]]) for number in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert errors == [], errors
    assert len(outcomes) == OFFERED
    taken = [kind for kind in outcomes if kind]
    found = {row.kind: (row.count, row.size) for row in LedgerEntry.objects.filter(user=alice)}
    assert found["total"] == (len(taken), SIZE * len(taken)), found
    assert len(taken) == ROOM // SIZE, "exactly what fits"
    for kind in ("images", "uploads"):
        assert found[kind] == (taken.count(kind), SIZE * taken.count(kind)), found
    assert found["images"][0] <= 10


def main():
    """Make the database, then race."""
    import os

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "palmsite.settings")
    django.setup()
    from django.core.management import call_command

    from accounts.models import User

    call_command("migrate", verbosity=0)
    run(User.objects.create(username="alice", quota_stored_images=10, quota_stored_bytes=ROOM))


if __name__ == "__main__":
    main()

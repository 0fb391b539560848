"""What pages and the administration read of people."""

from django.db.models import IntegerField, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from accounts.errors import NotFound
from accounts.models import LedgerEntry, User


def applicants() -> QuerySet[User]:
    """Who waits to be let in, the longest waiting first."""
    return User.objects.filter(approval=User.Approval.WAITING).order_by("date_joined", "pk")


def applicant(user_id: int) -> User:
    """One person whose application can be answered."""
    user = User.objects.filter(pk=user_id).exclude(approval=User.Approval.APPROVED).first()
    if user is None:
        raise NotFound(_("Nobody with this number waits. Somebody may have answered already."))
    return user


def people_with_use(people: QuerySet[User]) -> QuerySet[User]:
    """People with `used_images` and `used_bytes`, so that a list needs one query."""
    return people.annotate(
        used_images=_ledger(LedgerEntry.Kind.IMAGES, "count"),
        used_bytes=_ledger(LedgerEntry.Kind.TOTAL, "size"),
    )


def _ledger(kind: str, column: str) -> Coalesce:
    rows = LedgerEntry.objects.filter(user=OuterRef("pk"), kind=kind).values(column)[:1]
    return Coalesce(Subquery(rows, output_field=IntegerField()), Value(0))

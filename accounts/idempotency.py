"""`Idempotency-Key`: a program that lost the answer asks again and gets the same one, made once.

Key, work and answer are one transaction: a crash in between leaves none of them. A refusal is not kept.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.errors import DomainError, InvalidInput
from accounts.models import KeptAnswer, User

KEPT = timedelta(hours=24)
LONGEST_KEY = 255
_HEADERS = ("Location",)

View = TypeVar("View")
Rest = ParamSpec("Rest")
Handler = Callable[Concatenate[View, Request, Rest], Response]


class KeyUsedOtherwise(DomainError):
    """The key came before, with another request."""

    default_code = "idempotency_key_reused"
    default_status = 422


class _RefusalInsideError(Exception):
    """Carries an answer out of the transaction, so that nothing of it is kept."""

    def __init__(self, answer: Response) -> None:
        super().__init__()
        self.answer = answer


def idempotent(handler: Handler[View, Rest]) -> Handler[View, Rest]:
    """Decorate the method of a DRF view that creates something."""

    @wraps(handler)
    def answer(view: View, request: Request, *args: Rest.args, **kwargs: Rest.kwargs) -> Response:
        key = request.headers.get("Idempotency-Key")
        if key is None or not isinstance(request.user, User):
            return handler(view, request, *args, **kwargs)
        if not key.strip() or len(key) > LONGEST_KEY:
            raise InvalidInput(
                _("Idempotency-Key: write 1 to %(most)s characters.") % {"most": LONGEST_KEY},
                fields={"Idempotency-Key": _("Write 1 to %(most)s characters.") % {"most": LONGEST_KEY}},
            )
        try:
            return _once(key, request.user, request, lambda: handler(view, request, *args, **kwargs))
        except _RefusalInsideError as refusal:
            return refusal.answer

    return cast("Handler[View, Rest]", answer)


def _once(key: str, user: User, request: Request, work: Callable[[], Response]) -> Response:
    digest = _digest(request)
    with transaction.atomic():
        over().filter(user=user, key=key).delete()
        try:
            with transaction.atomic():
                # A second request with this key waits here until the first has ended.
                kept = KeptAnswer.objects.create(user=user, key=key, digest=digest)
        except IntegrityError:
            return _again(KeptAnswer.objects.get(user=user, key=key), digest)
        response = work()
        if response.status_code >= 400:
            raise _RefusalInsideError(response)
        kept.status = response.status_code
        kept.body = json.loads(JSONRenderer().render(response.data) or b"null")
        kept.headers = {name: response[name] for name in _HEADERS if name in response}
        kept.save(update_fields=["status", "body", "headers"])
    return response


def _again(kept: KeptAnswer, digest: str) -> Response:
    if kept.digest != digest:
        raise KeyUsedOtherwise(
            _("This Idempotency-Key came before with another request. Take a new key for a new request.")
        )
    return Response(kept.body, kept.status, headers={**kept.headers, "Idempotency-Replayed": "true"})


def _digest(request: Request) -> str:
    """One word for what is asked: spaces and the order of members make no difference."""
    data: Any = request.data
    # A form is a dictionary of lists; what is no object is digested as it is, for the view to refuse.
    asked = [request.method, request.get_full_path(), dict(data) if isinstance(data, Mapping) else data]
    return hashlib.sha256(json.dumps(asked, sort_keys=True, default=str).encode()).hexdigest()


def over() -> QuerySet[KeptAnswer]:
    """The answers whose time is over."""
    return KeptAnswer.objects.filter(created_at__lt=timezone.now() - KEPT)

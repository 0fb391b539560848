"""The errors that a person may see. Rooms raise them; palmsite answers with them, for pages and the API alike.

A message is a finished sentence or two in the reader's language: the number, the limit and the way out.
"""

from typing import ClassVar


class DomainError(Exception):
    """A refusal with a sentence for the person, a code for programs and a status for HTTP."""

    default_code: ClassVar[str] = "error"
    default_status: ClassVar[int] = 400

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        status: int | None = None,
        fields: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.status = status or self.default_status
        self.fields = dict(fields or {})


class InvalidInput(DomainError):
    """What was sent cannot be used; `fields` says which part and why."""

    default_code = "invalid"


class NotFound(DomainError):
    """There is no such thing, or it is another person's: both look the same from outside."""

    default_code = "not_found"
    default_status = 404


class NotAllowed(NotFound):
    """The person may not do this. Looks like NotFound, so that nothing is told about what is not theirs."""


class Conflict(DomainError):
    """The thing is in a state in which this cannot be done."""

    default_code = "conflict"
    default_status = 409


class OverQuota(Conflict):
    """It would go over a limit; the message says limit, use and way out."""

    default_code = "over_quota"


class TooMany(DomainError):
    """Too many attempts; `retry_after` says how many seconds to wait."""

    default_code = "too_many"
    default_status = 429

    def __init__(
        self,
        message: str,
        *,
        retry_after: int,
        code: str | None = None,
        status: int | None = None,
        fields: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message, code=code, status=status, fields=fields)
        self.retry_after = retry_after


class Unavailable(DomainError):
    """Something this needs does not answer now; trying later may help."""

    default_code = "unavailable"
    default_status = 503

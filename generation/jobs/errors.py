"""What can end a handler early. Signals are no failures; JobFailed is one that a person can read."""

from typing import Any


class BaseJobSignal(Exception):
    """Something outside asks the handler to stop. Handlers let it pass; only the runner answers it."""


class JobCancelled(BaseJobSignal):
    """The owner asked to stop. What is kept so far stays."""


class LeaseLost(BaseJobSignal):
    """The claim belongs to somebody else by now: write nothing more."""


class WorkerStopping(BaseJobSignal):
    """The worker was asked to leave: the claim goes back to the queue and another worker goes on."""


class JobFailed(Exception):
    """The work cannot be done, for a reason that a person can act on.

    The message is a msgid (mark it with gettext_noop), so that every reader sees it in their own language;
    params fill its %(names)s.
    """

    def __init__(self, code: str, message: str, params: dict[str, Any] | None = None) -> None:
        super().__init__(message % params if params else message)
        self.code = code
        self.message = message
        self.params = dict(params or {})


class UnknownKind(LookupError):
    """No room has registered this kind of job."""

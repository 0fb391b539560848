"""The id of the web request that a job goes back to: the one in the logs and the audit events."""

from accounts.request_id import current, within

__all__ = ["current", "within"]

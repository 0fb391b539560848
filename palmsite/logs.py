"""How a log line looks: words for people or JSON for machines, both with the id of the request behind it.

What opens something to whoever knows it is never in a line: a log is read by more people than the letter it was in.
"""

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any

from accounts import request_id

# What every LogRecord has; all else was given by the caller as `extra` and belongs into the line.
_ORDINARY = frozenset(vars(logging.makeLogRecord({}))) | {
    "message",
    "asctime",
    "request_id",
    "request",
    "taskName",
}

# Addresses that end in a secret: links of shared sets, and the links in letters. A test knows them all.
_SECRET = re.compile(r"((?:/shared|/account/confirm-email|/account/password/reset/key)/+)[^/\s?\"'\\]+")


def without_secrets(text: str) -> str:
    """The text with the secrets of the addresses in it left out."""
    return _SECRET.sub(r"\1***", text)


class RequestIdFilter(logging.Filter):
    """Adds the id in force to every record."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let everything through, with the id."""
        record.request_id = getattr(record, "request_id", "") or request_id.current() or "-"
        return True


class TextFormatter(logging.Formatter):
    """A line for people."""

    def format(self, record: logging.LogRecord) -> str:
        """The record in words, with the traceback that belongs to it."""
        return without_secrets(super().format(record))


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": getattr(record, "request_id", "-"),
            "process": record.process,
        }
        line.update({name: value for name, value in vars(record).items() if name not in _ORDINARY})
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return without_secrets(json.dumps(line, ensure_ascii=False, default=str))


def configuration(form: str, level: str) -> dict[str, Any]:
    """Django's LOGGING: everything to standard error, in one form."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"request_id": {"()": RequestIdFilter}},
        "formatters": {
            "text": {
                "()": TextFormatter,
                "fmt": "{asctime} {levelname:<7} {name} [{request_id:.8}] {message}",
                "style": "{",
                "datefmt": "%H:%M:%S",
            },
            "json": {"()": JsonFormatter},
        },
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "formatter": form, "filters": ["request_id"]}
        },
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # Django prints its own errors twice otherwise; and a 404 is no warning.
            "django": {"handlers": [], "level": "INFO", "propagate": True},
            "django.server": {"handlers": [], "propagate": True, "level": "WARNING"},
            "django.request": {"level": "ERROR"},
            # Who sent too much is told so, and the line of the request says it: nothing broke.
            "django.security.RequestDataTooBig": {"level": "CRITICAL"},
            "django.security.TooManyFilesSent": {"level": "CRITICAL"},
            "django-q": {"handlers": [], "level": "WARNING", "propagate": True},
            "waitress": {"level": "WARNING"},
            # Says each time that a request waits for a thread, which is what a queue is for.
            "waitress.queue": {"level": "ERROR"},
        },
    }

"""Mail that the site writes of its own accord. A mail server that does not answer never undoes what was done."""

import logging
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils import translation

from accounts.models import User

log = logging.getLogger(__name__)


def deliver(message: EmailMessage) -> bool:
    """Hand a message to the mail server; False (and a line in the log) where it does not take it."""
    try:
        message.send()
    except (SMTPException, OSError) as error:
        log.error("A mail could not be sent (%s): %s", type(error).__name__, message.subject)
        return False
    return True


def write_to(user: User, template: str, **context: str) -> bool:
    """Write to a person, in their language, from accounts/email/<template>_subject.txt and _message.txt."""
    if not user.email:
        return False
    with translation.override(user.language or settings.LANGUAGE_CODE):
        words = {"person": user.display_name, **context}
        subject = render_to_string(f"accounts/email/{template}_subject.txt", words)
        body = render_to_string(f"accounts/email/{template}_message.txt", words)
    return deliver(EmailMessage(" ".join(subject.split()), body.strip() + "\n", to=[user.email]))

"""What the room itself tells people about the end of a job, as msgids for each reader's language."""

from django.utils.translation import gettext_noop

CRASHED = gettext_noop("Something went wrong on our side. What was made so far is kept. Try again.")
LOST = gettext_noop(
    "The worker was lost %(lost)s times while at this, so we stopped trying. Try again, or tell the operator."
)
TOO_LONG = gettext_noop(
    "This took longer than the %(limit)s s it may take, so we ended it. Try a smaller piece of work."
)
STOPPED = gettext_noop("Stopped, as you asked. What was made so far is kept.")
ORPHANED = gettext_noop("The work on this was lost on our side. What was made so far is kept. Begin again.")
UNKNOWN = gettext_noop("This site no longer does this kind of work.")

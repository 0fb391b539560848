#!/usr/bin/env python3
"""The door to every command of the site: `python manage.py help`."""

import os
import sys


def main() -> None:
    """Run the command that was asked for, or say in one line why it cannot run."""
    if sys.version_info < (3, 11):  # noqa: UP036  (an older Python is told so, and not by a traceback)
        sys.exit("palmsite needs Python 3.11 or newer; this is " + sys.version.split()[0] + ".")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "palmsite.settings")
    try:
        from django.core.management import execute_from_command_line
    except ImportError:
        sys.exit("Django is not installed here. Run `make setup`, or activate the virtual environment first.")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()

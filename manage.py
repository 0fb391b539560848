#!/usr/bin/env python3
"""The door to every command of the site: `python manage.py help`."""

import os
import sys


def main() -> None:
    """Run the command that was asked for, or say in one line why it cannot run."""
    if sys.version_info < (3, 11):
        sys.exit("palmsite needs Python 3.11 or newer; this is %d.%d." % sys.version_info[:2])
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "palmsite.settings")
    try:
        from django.core.management import execute_from_command_line
    except ImportError:
        sys.exit("Django is not installed here. Run `make setup`, or activate the virtual environment first.")
    from palmsite.environment import EnvironmentProblem

    try:
        execute_from_command_line(sys.argv)
    except EnvironmentProblem as problem:
        sys.stderr.write(f"{problem}\n")
        sys.exit(2)


if __name__ == "__main__":
    main()
